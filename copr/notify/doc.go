// Package notify tells others of builds that have ended: a POST to each webhook that wants the event.
//
//	POST … HTTP/1.1
//	Content-Type: application/json
//	X-Mirrorctl-Event: build.failed
//	X-Mirrorctl-Delivery: 42-18f3a2b4c5d6e7f8
//	X-Hub-Signature-256: sha256=…       HMAC-SHA256 of the body by the secret, as GitHub spells it; only with a secret
//
//	{"format": 1, "event": "failed", "delivery": "42-18f3a2b4c5d6e7f8", "time": "2026-11-21T15:04:05Z",
//	 "project": "adrian/criu", "package": "criu", "version": "4.2.1", "evr": "4.2.1-1", "build": 42, "channel": "testing",
//	 "url": "https://hub.example.org/api_3/build/42", "submitter": "upstream", "reason": "…",
//	 "chroots": [{"chroot": "epel-9-x86_64", "state": "failed", "reason": "…"}]}
//
// It promises at least one delivery of every event, in order where all goes well, with the same X-Mirrorctl-Delivery each
// time: a receiver that has seen one may drop the next. An answer of 200 to 299 is a delivery. All else is tried again, after
// 1 s, 2 s, … 10 min, for three days. At most 1,000 events wait for a webhook; the oldest makes room. What is given up is
// logged and counted. A restart loses nothing and repeats at most what was under way; a webhook that is new hears of
// what ends from then on, not of the past.
//
// On disk, below the directory that it is given:
//
//	told.json                           which ends have been dealt with
//	TIME-BUILD-WEBHOOK.json             one event that waits for one webhook
//
// Whom it speaks to goes through internal/egress. What an event means is the receiver's.
package notify
