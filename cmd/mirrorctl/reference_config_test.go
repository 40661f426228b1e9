package main

import (
	"bytes"
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"reflect"
	"strings"
	"testing"

	"mirrorctl/internal/config"
)

// referenceConfiguration is made from the comments of config's fields, and from its template.
func referenceConfiguration(t *testing.T, b *bytes.Buffer) {
	structs := map[string]*ast.StructType{}
	for _, name := range []string{"config.go", "copr.go"} {
		file, err := parser.ParseFile(token.NewFileSet(), "../../internal/config/"+name, nil, parser.ParseComments)
		if err != nil {
			t.Fatal(err)
		}
		for _, d := range file.Decls {
			if g, ok := d.(*ast.GenDecl); ok && g.Tok == token.TYPE {
				for _, s := range g.Specs {
					if st, ok := s.(*ast.TypeSpec).Type.(*ast.StructType); ok {
						structs[s.(*ast.TypeSpec).Name.Name] = st
					}
				}
			}
		}
	}
	b.WriteString("# Configuration\n\n" +
		"YAML. The file is `--config`, else `$MIRRORCTL_CONFIG`, else `$XDG_CONFIG_HOME/mirrorctl/mirrorctl.yaml` (not for root), else\n" +
		"`/etc/mirrorctl/mirrorctl.yaml`. Relative paths are relative to the file. An unknown key is an error. Every key is also an environment\n" +
		"variable, which wins; lists are written in it as in YAML. Times are written `14d`, `10m`, `1h30m`; sizes `1048576`, `256MiB`, `20GB`.\n\n" +
		"| key | variable | meaning |\n|---|---|---|\n")
	referenceKeys(t, b, structs, "Config", "")
	fmt.Fprintf(b, "\n`mirrorctl config init` writes this one to start from:\n\n```yaml\n%s```\n", config.Template)
}

func referenceKeys(t *testing.T, b *bytes.Buffer, structs map[string]*ast.StructType, name, prefix string) {
	for _, f := range structs[name].Fields.List {
		if f.Tag == nil || !f.Names[0].IsExported() {
			continue
		}
		key := reflect.StructTag(strings.Trim(f.Tag.Value, "`")).Get("yaml")
		if key == "-" {
			continue
		}
		if f.Doc == nil {
			t.Errorf("config: %s.%s has no comment", name, f.Names[0].Name)
			continue
		}
		if section, ok := f.Type.(*ast.Ident); ok && structs[section.Name] != nil {
			referenceKeys(t, b, structs, section.Name, prefix+key+".")
			continue
		}
		key = prefix + key
		// "Root is the directory …" reads "the directory …" beside its key.
		text := strings.TrimPrefix(strings.Join(strings.Fields(f.Doc.Text()), " "), f.Names[0].Name+" ")
		for _, verb := range []string{"is ", "are "} {
			text = strings.TrimPrefix(text, verb)
		}
		fmt.Fprintf(b, "| `%s` | `MIRRORCTL_%s` | %s |\n", key, strings.ToUpper(strings.ReplaceAll(key, ".", "_")), cell(strings.ToUpper(text[:1])+text[1:]))
	}
}
