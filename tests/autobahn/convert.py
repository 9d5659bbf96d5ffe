"""Makes of the cases of the Autobahn suite, which are for Python 2, such that run on Python 3.

A payload is text in them, each character a byte: so it was in Python 2, and so it stays, for `fuzz.py` encodes what they
send and decodes what they get.

    convert.py FROM TO      from the folder of the installed package autobahntestsuite to a new one
"""

import re
import shutil
import sys
from pathlib import Path

from fissix.refactor import RefactoringTool, get_fixers_from_package

# In every file.
EVERYWHERE = [
    # A class is an object by itself, and must not be one before it is a case.
    (r"\(object, Case,? *\)", "(Case,)"),
    # Only shown to people.
    (r"binascii\.(b2a_hex|hexlify)\(", "repr("),
    (r"^ *implements\(.*\)$", ""),
    (r"^from zope\.interface import implements$", ""),
    # Whole numbers have been meant.
    (r"len\(self\.payload\) / ", "len(self.payload) // "),
]

# In the files whose names begin like this.
IN_FILES = {
    "case.py": [(r"return pickle\.dumps\(obj1\) == pickle\.dumps\(obj2\)", "return obj1 == obj2")],
    "case6_x_x.py": [
        (r"v\.validate\(vss\[:i\]\)", 'v.validate(vss[:i].encode("latin-1"))'),
        (r'\.encode\("utf-8"\)', '.encode("utf-8", "surrogatepass").decode("latin-1")'),
        (r"\.tostring\(\)", '.tobytes().decode("latin-1")'),
    ],
    "case12_x_x.py": [(r"^( +)m\.update\(msg\)\n +received_hash", r"\1msg = msg.encode('latin-1')\n\g<0>")],
    "case13_x_x.py": [(r"^( +)m\.update\(msg\)\n +received_hash", r"\1msg = msg.encode('latin-1')\n\g<0>")],
}


def main(source, target):
    shutil.rmtree(target, ignore_errors=True)
    shutil.copytree(source / "case", target / "case", ignore=shutil.ignore_patterns("*.pyc", "__pycache__"))
    shutil.copytree(source / "testdata", target / "testdata")
    (target / "__init__.py").write_text("")
    tool = RefactoringTool(get_fixers_from_package("fissix.fixes"), {"print_function": False})
    for path in sorted((target / "case").glob("*.py")):
        # A literal outside of ASCII is the bytes of its file.
        text = path.read_text(encoding="latin-1")
        for pattern, by in EVERYWHERE + IN_FILES.get(path.name.lower(), []):
            text = re.sub(pattern, by, text, flags=re.MULTILINE)
        text = text if text.endswith("\n") else text + "\n"
        path.write_text(str(tool.refactor_string(text, str(path))), encoding="utf-8")


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]))
