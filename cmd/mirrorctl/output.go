package main

import (
	"encoding/json"
	"fmt"
	"io"
	"slices"
	"strings"
	"text/tabwriter"
	"time"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"
	"go.yaml.in/yaml/v3"
)

// output is how data is printed on standard output: for people or for scripts.
type output struct {
	format    string
	columns   []string
	noHeaders bool
	bytes     bool
}

func (o *output) flags(c *cobra.Command, f *pflag.FlagSet) {
	choose(c, f, &o.format, "output", "o", "`FORMAT` of data: table, json or yaml", "table", "json", "yaml")
	f.StringSliceVar(&o.columns, "columns", nil, "show the columns `NAME,...` of a table, in this order")
	f.BoolVarP(&o.noHeaders, "no-headers", "H", false, "a table without its first line, separated by tabs")
	f.BoolVarP(&o.bytes, "bytes", "p", false, "exact numbers instead of rounded ones")
}

// table is rows for people beside the value that they came from.
type table struct {
	columns []string
	rows    [][]string
}

func (t *table) add(cells ...string) { t.rows = append(t.rows, cells) }

// print writes t as a table, or value as JSON or YAML. YAML is made from the JSON, so that both
// have the same keys.
func (o *output) print(w io.Writer, value any, t *table) error {
	switch o.format {
	case "json":
		enc := json.NewEncoder(w)
		enc.SetIndent("", "  ")
		enc.SetEscapeHTML(false)
		return enc.Encode(value)
	case "yaml":
		raw, err := json.Marshal(value)
		if err != nil {
			return err
		}
		var tree any
		if err := yaml.Unmarshal(raw, &tree); err != nil {
			return err
		}
		enc := yaml.NewEncoder(w)
		enc.SetIndent(2)
		return enc.Encode(tree)
	}
	return o.printTable(w, t)
}

func (o *output) printTable(w io.Writer, t *table) error {
	pick := make([]int, len(t.columns))
	for i := range pick {
		pick[i] = i
	}
	if len(o.columns) > 0 {
		pick = pick[:0]
		for _, name := range o.columns {
			i := slices.Index(t.columns, name)
			if i < 0 {
				return usagef("no column %q; there are: %s", name, strings.Join(t.columns, ", "))
			}
			pick = append(pick, i)
		}
	}
	line := func(cells []string) string {
		picked := make([]string, len(pick))
		for i, p := range pick {
			picked[i] = cells[p]
		}
		return strings.Join(picked, "\t") + "\n"
	}
	if o.noHeaders { // scripts cut at tabs
		for _, row := range t.rows {
			if _, err := io.WriteString(w, line(row)); err != nil {
				return err
			}
		}
		return nil
	}
	var aligned strings.Builder
	tw := tabwriter.NewWriter(&aligned, 0, 8, 2, ' ', 0)
	io.WriteString(tw, strings.ToUpper(line(t.columns)))
	for _, row := range t.rows {
		io.WriteString(tw, line(row))
	}
	if err := tw.Flush(); err != nil {
		return err
	}
	for l := range strings.Lines(aligned.String()) {
		if _, err := io.WriteString(w, strings.TrimRight(l, " \n")+"\n"); err != nil {
			return err
		}
	}
	return nil
}

// size is a number of bytes for people, or exact with --bytes.
func (o *output) size(n int64) string {
	if o.bytes {
		return fmt.Sprint(n)
	}
	return humanSize(n)
}

func humanSize(n int64) string {
	if n < 1000 {
		return fmt.Sprintf("%d B", n)
	}
	v, unit := float64(n), 0
	for v >= 999.5 && unit < len("kMGTP") {
		v, unit = v/1000, unit+1
	}
	if v < 9.95 {
		return fmt.Sprintf("%.1f %cB", v, "kMGTP"[unit-1])
	}
	return fmt.Sprintf("%.0f %cB", v, "kMGTP"[unit-1])
}

// count is a number of things: "1 file", "2 files", "3 repositories".
func count(n int64, thing string) string {
	switch {
	case n == 1:
		return "1 " + thing
	case strings.HasSuffix(thing, "y"):
		thing = strings.TrimSuffix(thing, "y") + "ie"
	}
	return fmt.Sprintf("%d %ss", n, thing)
}

// when is a time for people, in their zone.
func when(t time.Time) string { return t.Local().Format("2006-01-02 15:04") }
