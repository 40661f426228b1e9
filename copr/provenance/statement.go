package provenance

import (
	"time"

	"mirrorctl/copr"
)

// Types of the documents.
const (
	StatementType = "https://in-toto.io/Statement/v1"
	PredicateType = "https://slsa.dev/provenance/v1"
	// BuildType names the meaning of the parameters below.
	BuildType = "tag:mirrorctl,2026:copr/rpm/v1"
)

// MaxSize is the most that a statement may have, in bytes of JSON. A buildroot of 1,000 packages takes 100 KB.
const MaxSize = 8 << 20

// Statement is the whole document.
type Statement struct {
	Type          string       `json:"_type"`
	Subject       []Descriptor `json:"subject"` // packages, sorted by name
	PredicateType string       `json:"predicateType"`
	Predicate     Predicate    `json:"predicate"`
}

// Predicate is SLSA's provenance, v1. Fields that begin with mirrorctl_ are ours, as SLSA lets producers add.
type Predicate struct {
	BuildDefinition BuildDefinition `json:"buildDefinition"`
	RunDetails      RunDetails      `json:"runDetails"`
}

// BuildDefinition is what was to be built.
type BuildDefinition struct {
	BuildType            string       `json:"buildType"`
	ExternalParameters   External     `json:"externalParameters"`
	InternalParameters   Internal     `json:"internalParameters"`
	ResolvedDependencies []Descriptor `json:"resolvedDependencies"`
}

// External are the parameters that whoever asked for the build chose.
type External struct {
	Project copr.ProjectName `json:"project"`
	Package string           `json:"package"`
	Version string           `json:"version,omitempty"`
	EVR     string           `json:"evr"`
	Chroot  copr.Chroot      `json:"chroot"`
	Channel copr.Channel     `json:"channel"`
}

// Internal are those that the hub chose.
type Internal struct {
	Build   uint64       `json:"build"`
	Attempt int          `json:"attempt"`
	Epoch   int64        `json:"epoch"` // SOURCE_DATE_EPOCH
	Profile copr.Profile `json:"profile"`
}

// RunDetails is how it was built.
type RunDetails struct {
	Builder    Builder      `json:"builder"`
	Metadata   Metadata     `json:"metadata"`
	Byproducts []Descriptor `json:"byproducts,omitempty"` // logs

	Root         string           `json:"mirrorctl_root"` // what the buildroot is, in words
	Gates        []copr.Report    `json:"mirrorctl_gates"`
	Reproducible *copr.Reproduced `json:"mirrorctl_reproducible,omitempty"`
}

// Builder is who built. ID is a URI.
type Builder struct {
	ID      string            `json:"id"`
	Version map[string]string `json:"version,omitempty"`
}

// Metadata says which run it was, and when.
type Metadata struct {
	InvocationID string    `json:"invocationId"` // Task.ID
	StartedOn    time.Time `json:"startedOn"`
	FinishedOn   time.Time `json:"finishedOn"`
}

// Descriptor is in-toto's ResourceDescriptor: a thing, by its content where that is known.
type Descriptor struct {
	Name        string            `json:"name,omitempty"`
	URI         string            `json:"uri,omitempty"`
	Digest      map[string]string `json:"digest,omitempty"`
	Annotations map[string]string `json:"annotations,omitempty"`
}

// Roles of a resolved dependency: the annotation "role".
const (
	roleSRPM      = "srpm"
	roleSpec      = "spec"
	roleSource    = "source"
	roleBuildroot = "buildroot"
	roleDelivered = "delivered" // a byproduct: the package before it was signed
)
