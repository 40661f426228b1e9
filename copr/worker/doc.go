// Package worker is the loop of a builder: it takes a task, fetches the source package, builds it (twice where
// asked), has the result proven, and delivers.
//
//	Next → Hold → Source → Build → Build again, compare → gates → Deliver → Done
//
// A task is held by one builder at a time. While it works, the loop says so to the queue and to the hub; when either
// answers that the task is another's, or was canceled, the build ends and its result is dropped. What the loop
// could not do (a broken sandbox, a full disk) gives the task back; what the package did is a result.
//
// It knows nothing of queues, HTTP or records: Tasks, Lease and Dock are how it meets them.
package worker
