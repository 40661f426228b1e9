// Package pgp is the room of OpenPGP: keys that sign packages and metadata, their signatures, and whether one is good.
//
// It promises what the rpm of every target reads: keys and signatures of version 4, one key without subkeys,
// no critical subpacket that yum's own parser does not know, and no random notation: equal data, key and time make equal bytes.
// It keeps no files and asks no clock.
package pgp
