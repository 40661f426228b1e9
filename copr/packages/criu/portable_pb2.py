#!/usr/bin/env python3
"""Write CRIU's *_pb2.py anew, so that any python-protobuf from 3.0 on loads them.

protoc writes modules for runtimes of its own age and later: those of 3.20 need google.protobuf.internal.builder, those of 27 ask
the runtime's version. The descriptors themselves have not changed in fifteen years. Each module made here hands its
descriptor to the pool and takes its classes from there, by whichever call the runtime has.

usage: portable_pb2.py lib/pycriu images
"""

import os
import subprocess
import sys
import tempfile

from google.protobuf import descriptor_pb2

HEAD = '''# Generated from {proto}. Do not edit.
from google.protobuf import descriptor_pb2 as _d
from google.protobuf import descriptor_pool as _p
{imports}
_pool = _p.Default()
_pool.AddSerializedFile({data!r})
DESCRIPTOR = _pool.FindFileByName({proto!r})


def _message(d):
    try:
        from google.protobuf.message_factory import GetMessageClass

        return GetMessageClass(d)
    except ImportError:
        pass
    from google.protobuf import symbol_database

    return symbol_database.Default().GetPrototype(d)


def _enum(d):
    from google.protobuf.internal.enum_type_wrapper import EnumTypeWrapper

    return EnumTypeWrapper(d)


'''


def values(enum):
    return "".join("%s = %d\n" % (v.name, v.number) for v in enum.value)


def module(file, own):
    imports = "".join("from %s import *\nimport %s\n" % (own[d], own[d]) for d in file.dependency if d in own)
    out = HEAD.format(proto=file.name, imports=imports, data=file.SerializeToString())
    for e in file.enum_type:
        out += "%s = _enum(DESCRIPTOR.enum_types_by_name[%r])\n" % (e.name, e.name) + values(e)
    for m in file.message_type:
        out += "%s = _message(DESCRIPTOR.message_types_by_name[%r])\n" % (m.name, m.name)
    for x in file.extension:
        out += "%s = DESCRIPTOR.extensions_by_name[%r]\n" % (x.name, x.name)
        out += "try:\n    _d.%s.RegisterExtension(%s)\nexcept AttributeError:\n    pass\n" % (
            x.extendee.rsplit(".", 1)[1], x.name)
    return out


def main(pycriu, images):
    protos = sorted(p for p in os.listdir(images) if p.endswith(".proto"))
    with tempfile.NamedTemporaryFile() as out:
        subprocess.check_call(["protoc", "-I", images, "-I", "/usr/include", "-o", out.name] + [os.path.join(images, p) for p in protos])
        files = descriptor_pb2.FileDescriptorSet.FromString(open(out.name, "rb").read()).file
    own = {p: p[: -len(".proto")].replace("-", "_") + "_pb2" for p in protos}
    for f in files:
        dir = pycriu if f.name == "rpc.proto" else os.path.join(pycriu, "images")
        with open(os.path.join(dir, own[f.name] + ".py"), "w") as w:
            w.write(module(f, own))


if __name__ == "__main__":
    main(*sys.argv[1:])
