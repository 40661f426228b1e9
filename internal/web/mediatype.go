package web

import "strings"

// mediaTypes tells a type by the last extension. What is compressed has the type of the compression,
// since the bytes are the file: a Content-Encoding would make clients unpack what they must hash.
var mediaTypes = map[string]string{
	"rpm": "application/x-rpm", "drpm": "application/x-rpm",
	"xml": "text/xml", "gz": "application/gzip", "tgz": "application/gzip", "bz2": "application/x-bzip2", "xz": "application/x-xz",
	"zst": "application/zstd", "zck": "application/x-zchunk", "tar": "application/x-tar", "zip": "application/zip",
	"sqlite": "application/vnd.sqlite3", "yaml": "application/yaml", "yml": "application/yaml", "json": "application/json",
	"iso": "application/x-iso9660-image", "img": "application/octet-stream", "qcow2": "application/octet-stream", "raw": "application/octet-stream",
	"asc": "application/pgp-signature", "sig": "application/pgp-signature", "key": "application/pgp-keys", "gpg": "application/pgp-keys",
	"meta4": "application/metalink4+xml", "metalink": "application/metalink+xml",
	"html": "text/html; charset=utf-8", "htm": "text/html; charset=utf-8", "css": "text/css; charset=utf-8",
	"txt": "text/plain; charset=utf-8", "md": "text/plain; charset=utf-8", "repo": "text/plain; charset=utf-8", "conf": "text/plain; charset=utf-8",
	"cfg": "text/plain; charset=utf-8", "log": "text/plain; charset=utf-8", "spec": "text/plain; charset=utf-8",
	"png": "image/png", "svg": "image/svg+xml", "jpg": "image/jpeg", "ico": "image/x-icon", "pdf": "application/pdf",
}

// MediaType is the Content-Type for a file of a mirror, from its name alone.
func MediaType(name string) string {
	base := name[strings.LastIndexByte(name, '/')+1:]
	i := strings.LastIndexByte(base, '.')
	if t, ok := mediaTypes[strings.ToLower(base[i+1:])]; i >= 0 && ok {
		return t
	}
	switch {
	case i <= 0 && (strings.HasPrefix(base, "RPM-GPG-KEY") || base == "README" || base == ".treeinfo" || base == "treeinfo" ||
		base == ".discinfo" || base == "GPL" || base == "EULA" || base == "COPYING"),
		strings.HasSuffix(base, "CHECKSUM"), strings.HasSuffix(base, "SUM"):
		return "text/plain; charset=utf-8"
	}
	return "application/octet-stream"
}
