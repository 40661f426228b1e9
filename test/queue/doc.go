// Package queue holds the hub's queue against kills: a hub, three builders (two of them in network namespaces of their
// own) and, in one form, a JetStream server of its own, each a process that is killed with SIGKILL at random. In the end
// every build has ended once, with its result, and no process is left.
//
// The processes are this test's own binary in another role; what they run are the packages of the hub. The short form
// runs always; MIRRORCTL_COPR=long makes 200 builds of a real package with rpmbuild and five restarts.
package queue
