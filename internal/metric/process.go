package metric

import (
	"bytes"
	"fmt"
	"os"
	"runtime"
	"runtime/metrics"
	"strconv"
	"time"

	"golang.org/x/sys/unix"
)

// The process's and the runtime's own families, under the names that dashboards of Go programs
// expect. The library has them too, but without HELP, and with gauges that are named _total.
var (
	goInfo       = GaugeFamily{declare(TypeGauge, "go_info", "Always 1; tells the version of Go", []string{"version"})}
	goGoroutines = runtimeGauge("go_goroutines", "Goroutines that exist now")
	goMaxProcs   = runtimeGauge("go_gomaxprocs", "Threads that may run Go code at once")
	goHeapBytes  = runtimeGauge("go_memstats_heap_alloc_bytes", "Bytes of live and not yet swept objects on the heap")
	goHeapObj    = runtimeGauge("go_memstats_heap_objects", "Objects on the heap")
	goSysBytes   = runtimeGauge("go_memstats_sys_bytes", "Memory mapped by the Go runtime")
	goStackBytes = runtimeGauge("go_memstats_stack_inuse_bytes", "Memory of goroutine stacks")
	goMemLimit   = runtimeGauge("go_memlimit_bytes", "Soft memory limit, from GOMEMLIMIT")
	goAllocBytes = runtimeCounter("go_memstats_alloc_bytes_total", "Bytes allocated on the heap since the start")
	goGCCycles   = runtimeCounter("go_gc_cycles_total", "Collections of garbage completed since the start")
	goGCCPU      = runtimeCounter("go_gc_cpu_seconds_total", "Estimated CPU time spent on collecting garbage")
	goMutexWait  = runtimeCounter("go_mutex_wait_seconds_total", "Time that goroutines spent waiting for mutexes")

	processCPU     = runtimeCounter("process_cpu_seconds_total", "User and system CPU time spent")
	processRSS     = runtimeGauge("process_resident_memory_bytes", "Resident memory size")
	processVirtual = runtimeGauge("process_virtual_memory_bytes", "Virtual memory size")
	processThreads = runtimeGauge("process_threads", "Threads of the process")
	processFDs     = runtimeGauge("process_open_fds", "Open file descriptors")
	processMaxFDs  = runtimeGauge("process_max_fds", "Most file descriptors that may be open")
	processStart   = runtimeGauge("process_start_time_seconds", "When the process started, in seconds since 1970")
)

func runtimeGauge(name, help string) GaugeFamily {
	return GaugeFamily{declare(TypeGauge, name, help, nil)}
}

func runtimeCounter(name, help string) CounterFamily {
	return CounterFamily{declare(TypeCounter, name, help, nil)}
}

var started = time.Now()

// samples maps families to what runtime/metrics calls them.
var samples = []struct {
	family interface{ family() *Family }
	name   string
}{
	{goGoroutines, "/sched/goroutines:goroutines"},
	{goMaxProcs, "/sched/gomaxprocs:threads"},
	{goHeapBytes, "/memory/classes/heap/objects:bytes"},
	{goHeapObj, "/gc/heap/objects:objects"},
	{goSysBytes, "/memory/classes/total:bytes"},
	{goStackBytes, "/memory/classes/heap/stacks:bytes"},
	{goMemLimit, "/gc/gomemlimit:bytes"},
	{goAllocBytes, "/gc/heap/allocs:bytes"},
	{goGCCycles, "/gc/cycles/total:gc-cycles"},
	{goGCCPU, "/cpu/classes/gc/total:cpu-seconds"},
	{goMutexWait, "/sync/mutex/wait/total:seconds"},
}

func collectProcess(s *Set) {
	s.Gauge(goInfo, runtime.Version()).Set(1)
	for _, sample := range samples {
		s.Collect(sample.family, func(yield func(float64, ...string)) {
			v := []metrics.Sample{{Name: sample.name}}
			metrics.Read(v)
			switch v[0].Value.Kind() {
			case metrics.KindUint64:
				yield(float64(v[0].Value.Uint64()))
			case metrics.KindFloat64:
				yield(v[0].Value.Float64())
			}
		})
	}
	s.Gauge(processStart).Set(float64(started.UnixMilli()) / 1e3)
	s.Collect(processCPU, func(yield func(float64, ...string)) {
		var u unix.Rusage
		if unix.Getrusage(unix.RUSAGE_SELF, &u) == nil {
			yield(float64(u.Utime.Nano()+u.Stime.Nano()) / 1e9)
		}
	})
	for family, field := range map[GaugeFamily]string{processRSS: "VmRSS:", processVirtual: "VmSize:", processThreads: "Threads:"} {
		s.Collect(family, func(yield func(float64, ...string)) {
			if v, err := procStatus(field); err == nil {
				yield(v)
			}
		})
	}
	s.Collect(processFDs, func(yield func(float64, ...string)) {
		if names, err := os.ReadDir("/proc/self/fd"); err == nil {
			yield(float64(len(names) - 1)) // not the one that reads the directory
		}
	})
	s.Collect(processMaxFDs, func(yield func(float64, ...string)) {
		var l unix.Rlimit
		if unix.Getrlimit(unix.RLIMIT_NOFILE, &l) == nil {
			yield(float64(l.Cur))
		}
	})
}

// procStatus reads one field of /proc/self/status; sizes there are in kB and returned in bytes.
func procStatus(field string) (float64, error) {
	data, err := os.ReadFile("/proc/self/status")
	if err != nil {
		return 0, err
	}
	for line := range bytes.Lines(data) {
		words := bytes.Fields(line)
		if len(words) < 2 || string(words[0]) != field {
			continue
		}
		v, err := strconv.ParseFloat(string(words[1]), 64)
		if len(words) == 3 {
			v *= 1024
		}
		return v, err
	}
	return 0, fmt.Errorf("read /proc/self/status: no field %s", field)
}
