package hot

import "strings"

// Lookup finds the file name, a path relative to the file system of Load, for a client. client
// is an opaque key, such as address and User-Agent; it matters only for names that are no
// hashes.
//
// A hashed name is found in any kept generation, the newest first. repomd.xml is the one in
// service. Another un-hashed name comes from the generation whose repomd.xml this client was
// given in the last 60 s, otherwise from the one in service. False says that no generation has
// the file; see Repository for what that means.
func (c *Cache) Lookup(name, client string) (*Object, bool) {
	r, below := c.table.Load().find(name)
	if r == nil {
		return nil, false
	}
	v := r.view.Load()
	o := v.names[below]
	if v.unhashed && len(v.generations) > 1 && (o == nil || !o.Immutable) {
		o = c.follow(r, v, o, below, client)
	}
	if o == nil || o.body.lost.Load() {
		return nil, false
	}
	return o, true
}

// Repository is the repository in service to which name, a file in its repodata/, belongs. For
// such a name Lookup is the authority: an un-hashed file that it does not find (a signature
// that somebody is about to replace) must not be served from the tree.
func (c *Cache) Repository(name string) (dir string, ok bool) {
	if r, _ := c.table.Load().find(name); r != nil {
		return r.dir, true
	}
	return "", false
}

const repodata = "repodata"

// find splits name into a repository and the name below it.
func (t *table) find(name string) (r *repo, below string) {
	slash := strings.LastIndexByte(name, '/')
	if slash < 0 {
		return nil, ""
	}
	dir, inside := strings.CutSuffix(name[:slash], "/"+repodata)
	if inside {
		if r := t.repos[dir]; r != nil {
			return r, name[len(dir)+1:]
		}
	} else if name[:slash] == repodata {
		if r := t.repos["."]; r != nil {
			return r, name
		}
	}
	if t.odd {
		return t.findOdd(name)
	}
	return nil, ""
}

// findOdd tries every directory above name, the deepest first.
func (t *table) findOdd(name string) (r *repo, below string) {
	for end := len(name); ; {
		if end = strings.LastIndexByte(name[:end], '/'); end < 0 {
			break
		}
		if r := t.repos[name[:end]]; r != nil && r.view.Load().names[name[end+1:]] != nil {
			return r, name[end+1:]
		}
	}
	if r := t.repos["."]; r != nil && r.view.Load().names[name] != nil {
		return r, name
	}
	return nil, ""
}
