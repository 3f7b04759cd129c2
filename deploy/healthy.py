"""Does an address answer 200? For healthchecks, in an image without curl: healthy.py URL"""

import sys
import urllib.request

with urllib.request.urlopen(sys.argv[1], timeout=4) as answer:  # noqa: S310  # our own address
    sys.exit(answer.status != 200)
