// Package console is the operator's door to a running hub: HTTP and JSON on a unix socket that only the hub's own user can
// open, and the client that `mirrorctl copr` uses.
//
//	GET    /projects                       what is declared
//	GET    /builds?project=&package=&state=&before=&limit=
//	                                       without what builders delivered: that is hundreds of names for each chroot
//	POST   /builds                         an order; answers the build
//	GET    /builds/{id}                    ?watch=1: a line of JSON for each change until it has ended
//	POST   /builds/{id}/cancel|retry|promote
//	GET    /builds/{id}/logs/{chroot}      ?follow=1: until the chroot has ended
//	GET    /builders                       who has asked for work lately
//
// It decides nothing: the hub does, and its errors travel as one line with a status.
package console
