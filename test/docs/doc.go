// Package docs holds the documentation against the program. It reads every Markdown file of the
// repository, runs the commands in it and compares what they print with what the page shows.
//
// A page stays readable: it names the paths and ports of a real site, and the test puts its own in
// their place (places.go). What the test must know beyond that stands in the info string of a
// block, where no reader sees it:
//
//	```sh                      run; every command must succeed
//	```sh exit=5               run; exactly one command fails, with this code
//	```sh terminal             run in a terminal of its own, and go on once the service is ready
//	```sh needs=dnf,root       run where there is such a program, and such a user
//	```sh no-test: systemd     not run, for this reason
//	```text                    what the sh block before it prints, on both outputs. "…" stands for
//	                           any text within a line, and alone on a line for any number of lines
//	```yaml config             a configuration, or a part of one
//	```yaml prometheus         a configuration of Prometheus
//	```yaml rules              alerting rules
//	```nginx                   part of an http block of nginx
//	```nats                    a configuration of a NATS server
//
// All sh blocks of a page run in one shell, one after the other, as its reader would type
// them. What the page assumes to be there stands in a comment:
//
//	<!-- test: demo -->          a demo site is where the page says the operator's is
//	<!-- test: demo served -->   and it is served
//	<!-- test: demo served MIRRORCTL_ARCHIVE_GRACE=14d -->
package docs
