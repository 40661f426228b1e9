package queue_test

import (
	"slices"
	"testing"
	"time"

	"mirrorctl/copr"
	"mirrorctl/copr/queue"
)

// Ten thousand records, with four chroots each, are read at a start and listed. The figures are printed; the list is held to
// the 100 ms that are promised.
func BenchmarkTenThousand(b *testing.B) {
	const n = 10_000
	dir := b.TempDir()
	q, err := queue.Open(b.Context(), queue.Config{Dir: dir})
	if err != nil {
		b.Fatal(err)
	}
	begin := time.Now()
	for range n {
		create(b, q, newBuild(b, "adrian/criu", "epel-9-x86_64", "epel-9-aarch64", "fedora-44-x86_64", "fedora-44-s390x"))
	}
	b.Logf("created in %s, %s each (two writes, two fsyncs)", time.Since(begin), time.Since(begin)/n)
	if err := q.Close(); err != nil {
		b.Fatal(err)
	}
	begin = time.Now()
	q = open(b, queue.Config{Dir: dir})
	b.Logf("opened in %s", time.Since(begin))
	var took []time.Duration
	for b.Loop() {
		begin := time.Now()
		if got := q.Ledger().List(copr.Query{Project: copr.ProjectName{Owner: "adrian", Name: "criu"}}); len(got) != n {
			b.Fatalf("%d records", len(got))
		}
		took = append(took, time.Since(begin))
	}
	slices.Sort(took)
	b.ReportMetric(float64(took[len(took)-1].Microseconds())/1000, "ms-worst")
	if worst := took[len(took)-1]; worst > 100*time.Millisecond {
		b.Errorf("10,000 records were listed in %s at worst", worst)
	}
}
