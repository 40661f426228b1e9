package mirror

import (
	"bytes"
	"embed"
	"fmt"
	"slices"
	"strings"

	"go.yaml.in/yaml/v3"
)

//go:embed layouts/*.yaml
var layoutFiles embed.FS

// layoutFile is a built-in layout as its file holds it.
type layoutFile struct {
	About string   `yaml:"about"`
	At    []string `yaml:"at"` // where the trees may lie below the root, likeliest first
	Rules []Rule   `yaml:"rules"`
}

// BuiltinLayouts names the built-in layouts, sorted.
func BuiltinLayouts() []string {
	entries, err := layoutFiles.ReadDir("layouts")
	if err != nil {
		panic(err) // it is part of the program
	}
	var names []string
	for _, e := range entries {
		names = append(names, strings.TrimSuffix(e.Name(), ".yaml"))
	}
	return names
}

// BuiltinLayout returns rpmfusion, fedora, epel, centos, copr or flat.
func BuiltinLayout(name string) (*Layout, error) {
	return NewLayout([]Rule{{Use: name}})
}

func builtin(name string) (*layoutFile, error) {
	if names := BuiltinLayouts(); !slices.Contains(names, name) {
		return nil, fmt.Errorf("no layout is called %q; there are %s", clip(name), strings.Join(names, ", "))
	}
	raw, err := layoutFiles.ReadFile("layouts/" + name + ".yaml")
	if err != nil {
		return nil, err
	}
	dec := yaml.NewDecoder(bytes.NewReader(raw))
	dec.KnownFields(true)
	var file layoutFile
	if err := dec.Decode(&file); err != nil {
		return nil, fmt.Errorf("layout %s: %w", name, err)
	}
	return &file, nil
}
