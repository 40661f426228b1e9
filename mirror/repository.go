package mirror

import "cmp"

// RepoID is how a client asks for a repository: repo= and arch= of a mirrorlist request.
type RepoID struct {
	Name string `json:"name"` // free-fedora-updates-released-25
	Arch string `json:"arch"` // x86_64, source, …
}

// Compare orders by name, then by arch.
func (a RepoID) Compare(b RepoID) int {
	return cmp.Or(cmp.Compare(a.Name, b.Name), cmp.Compare(a.Arch, b.Arch))
}

// Repository is a directory with repodata/repomd.xml, and what a layout says of it.
type Repository struct {
	RepoID
	Dir     Path    `json:"dir"` // the parent of repodata/
	Release Release `json:"release"`
}

// Place is what a layout says of one path.
type Place struct {
	Release Release
	Tree    Path   // the prefix that belongs to Release, e.g. free/fedora/updates/25
	Repo    RepoID // zero where the path lies in no repository that the layout names
	RepoDir Path   // the directory of that repository
}
