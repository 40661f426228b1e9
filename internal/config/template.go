package config

import _ "embed"

// Template is a configuration to start from: what `mirrorctl config init` writes.
//
//go:embed template.yaml
var Template []byte
