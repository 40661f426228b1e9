package forge

import (
	"mirrorctl/copr"
	"mirrorctl/internal/config"
)

func Declared(cfg *config.Config) ([]copr.Project, error) { return nil, nil }
