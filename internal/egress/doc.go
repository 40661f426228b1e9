// Package egress is the program's way out: every request to an address that somebody else chose (the source of a build, a
// watched project, a mirror's health, a webhook) goes through its Client.
//
// A URL is a way to make this machine speak to its own neighbours: to a metadata service, an admin port, a router. So:
//
//   - http and https only, no credentials in the URL, no proxy from the environment;
//   - a name is resolved once; if any of its addresses is not public, it is refused as a whole;
//   - the address that was checked is the one that is dialled, and it is checked again when the socket connects, so that a
//     name which changes its answer gains nothing;
//   - at most three redirects, each checked like a first request; none from https down to http;
//   - answers have a size, and a server that sends less than 1,000 bytes a second for 30 seconds is dropped.
//
// What is private on purpose is listed in Policy.AllowPrivate.
package egress
