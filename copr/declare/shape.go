package declare

import (
	"reflect"

	"go.yaml.in/yaml/v3"
)

// Shape says which keys packages may have.
func (packages) Shape(*yaml.Node) reflect.Type { return reflect.TypeFor[map[string]pkg]() }
