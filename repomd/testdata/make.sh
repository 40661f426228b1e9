#!/bin/sh
# Makes good/ and broken/ from packages/ with Debian's createrepo_c, zchunk and zstd.
# Run it here, look at what changed, commit it.
set -eu
cd "$(dirname "$0")"
rm -rf good broken
touch -d @1480000100 packages/*.rpm comps.xml

# good NAME [createrepo_c options]
good() {
	name=$1; shift
	mkdir -p good/$name
	cp -p packages/*.rpm good/$name/
	createrepo_c -q --revision 1480000200 --set-timestamp-to-revision "$@" good/$name
}
modify() { # NAME FILE TYPE [modifyrepo_c options]
	repo=good/$1/repodata; file=$2; typ=$3; shift 3
	modifyrepo_c --mdtype $typ "$@" $file $repo >/dev/null
}

good gz-sqlite -g ../../comps.xml --distro 'cpe:/o:fedoraproject:fedora:25,Fedora 25' --content binary-x86_64 --repo test
printf '<?xml version="1.0"?>\n<updates/>\n' >/tmp/updateinfo.$$
printf -- '---\ndocument: modulemd\n' >/tmp/modules.$$
modify gz-sqlite /tmp/updateinfo.$$ updateinfo --new-name updateinfo.xml
modify gz-sqlite /tmp/modules.$$ modules --new-name modules.yaml --compress-type xz
modify gz-sqlite /tmp/modules.$$ x-unknown --new-name something --no-compress
good el5-sha --no-database -s sha --simple-md-filenames
good sha1 --no-database -s sha1
good bz2-md5 --no-database --general-compress-type bz2 -s md5
good xz-sha512 --no-database --general-compress-type xz -s sha512
good sha224 --no-database -s sha224
good sha384 --no-database -s sha384
good zck --no-database --zck
mkdir -p good/empty && createrepo_c -q --revision 1480000200 --set-timestamp-to-revision --no-database good/empty

# prestodelta: a file of any content stands for the delta.
good delta --no-database
mkdir -p good/delta/drpms
printf 'not really a delta\n' >good/delta/drpms/hello-2.11-1_2.12-3.fc25.x86_64.drpm
cat >/tmp/prestodelta.$$ <<XML
<?xml version="1.0" encoding="UTF-8"?>
<prestodelta>
  <newpackage name="hello" epoch="1" version="2.12" release="3.fc25" arch="x86_64">
    <delta oldepoch="1" oldversion="2.11" oldrelease="1">
      <filename>drpms/hello-2.11-1_2.12-3.fc25.x86_64.drpm</filename>
      <sequence>hello-2.11-1-00</sequence>
      <size>19</size>
      <checksum type="sha256">$(sha256sum <good/delta/drpms/hello-2.11-1_2.12-3.fc25.x86_64.drpm | cut -d' ' -f1)</checksum>
    </delta>
  </newpackage>
</prestodelta>
XML
modify delta /tmp/prestodelta.$$ prestodelta --new-name prestodelta.xml

# zstd, as createrepo_c 1.0 and later write it; 0.17 cannot, so its gzip files are changed over.
good zstd --no-database
for f in good/zstd/repodata/*.gz; do
	old=$(basename $f .gz); sum=$(sha256sum <$f | cut -d' ' -f1); size=$(stat -c %s $f)
	zcat $f | zstd -q -10 >/tmp/zst.$$
	new=$(sha256sum </tmp/zst.$$ | cut -d' ' -f1)
	sed -i "s/>$sum</>$new</; s/$old.gz/$new-${old#*-}.zst/; s/<size>$size</<size>$(stat -c %s /tmp/zst.$$)</" good/zstd/repodata/repomd.xml
	mv /tmp/zst.$$ good/zstd/repodata/$new-${old#*-}.zst; rm $f
done

# broken NAME: a copy of el5-sha, whose names stay when its bytes change. primary is rewritten by rewrite.
broken() { mkdir -p broken; cp -rp good/${2:-el5-sha} broken/$1; md=broken/$1/repodata/repomd.xml; in=broken/$1/repodata; }
# relist FILE: what repomd.xml says of a record becomes true of FILE again.
relist() {
	python3 - "$md" "$1" <<'PY'
import gzip, hashlib, re, sys
md, name = sys.argv[1:]
raw = open(md.replace("repomd.xml", name), "rb").read()
try: content = gzip.decompress(raw)
except Exception: content = None
def fix(m):
    block = m.group(0)
    if "repodata/" + name not in block: return block
    put = lambda tag, v, b: re.sub(r"(<%s(?: [^>]*)?>)[^<]*" % tag, lambda m: m.group(1) + v, b)
    block = put("checksum", hashlib.sha1(raw).hexdigest(), block)
    block = put("size", str(len(raw)), block)
    if content is not None:
        block = put("open-checksum", hashlib.sha1(content).hexdigest(), block)
        block = put("open-size", str(len(content)), block)
    return block
text = open(md).read()
open(md, "w").write(re.sub(r"<data .*?</data>", fix, text, flags=re.S))
PY
}
edit_primary() { zcat $in/primary.xml.gz | sed "$1" | gzip -n9 >/tmp/p.$$; mv /tmp/p.$$ $in/primary.xml.gz; relist primary.xml.gz; }

broken truncated-repomd;       head -c 400 good/el5-sha/repodata/repomd.xml >$md
broken empty-repomd;           : >$md
broken dtd-in-repomd;          sed -i '1a <!DOCTYPE repomd [<!ENTITY a "aaaa">]>' $md
broken href-escape;            sed -i 's,href="repodata/primary,href="../repodata/primary,' $md
broken href-absolute;          sed -i 's,href="repodata/primary,href="/etc/primary,' $md
broken checksum-too-short;     sed -i '0,/>\([0-9a-f]\{39\}\)[0-9a-f]</s//>\1</' $md
broken missing-file;           rm $in/filelists.xml.gz
broken wrong-size;             printf x >>$in/primary.xml.gz
broken short-file;             truncate -s -1 $in/primary.xml.gz
broken wrong-checksum;         printf '\001' | dd of=$in/primary.xml.gz bs=1 seek=4 conv=notrunc status=none
broken wrong-open-checksum;    python3 -c "import re,sys; t=open('$md').read(); open('$md','w').write(re.sub(r'(<open-checksum type=\"sha\">)[0-9a-f]{40}', r'\g<1>'+'0'*40, t, count=1))"
broken wrong-open-size;        sed -i '0,/<open-size>[0-9]*/s//<open-size>7/' $md
broken no-checksum;            sed -i '0,/<checksum .*/s///' $md
broken truncated-gzip;         head -c 300 good/el5-sha/repodata/primary.xml.gz >$in/primary.xml.gz; relist primary.xml.gz
broken wrong-header-checksum zck; python3 -c "import re; t=open('$md').read(); open('$md','w').write(re.sub(r'(<header-checksum type=\"sha256\">)[0-9a-f]{64}', r'\g<1>'+'0'*64, t, count=1))"
broken package-missing;        rm $in/../hello-doc-2.12-3.fc25.noarch.rpm
broken package-damaged;        printf X | dd of=$in/../hello-2.12-3.fc25.x86_64.rpm bs=1 seek=1000 conv=notrunc status=none
broken package-short;          truncate -s -1 $in/../hello-2.12-3.fc25.x86_64.rpm
broken package-href-escape;    edit_primary 's,href="hello-2,href="../hello-2,'
broken primary-truncated-xml;  edit_primary '$d'
broken delta-damaged delta;    printf 'NOT really a delta\n' >broken/delta-damaged/drpms/hello-2.11-1_2.12-3.fc25.x86_64.drpm
broken stray-files;            cp $in/other.xml.gz $in/old-other.xml.gz; cp $in/../hello-2.12-3.fc25.x86_64.rpm $in/../stray.rpm
# 1 GiB of zeros as 750 bytes, and nobody says how large it ought to be.
broken bomb;                   python3 -c "
import bz2; c = bz2.BZ2Compressor(9); z = bytes(1 << 20)
open('$in/primary.xml.gz', 'wb').write(b''.join([c.compress(z) for _ in range(1024)] + [c.flush()]))"
relist primary.xml.gz; python3 -c "
import re; t = open('$md').read(); open('$md', 'w').write(re.sub(r'\s*<open-size>\d+</open-size>', '', t, count=1))"

rm -f /tmp/updateinfo.$$ /tmp/modules.$$ /tmp/prestodelta.$$
find good broken -exec touch -d @1480000200 {} +
