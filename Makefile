# SPDX-License-Identifier: LGPL-2.1-or-later
# The commands a person types. Each installs what is missing (or says what to install), builds into
# build/ and leaves everything outside it alone.
.PHONY: all test demo bench dist soak clean

all:
	@src/cmake/build.sh mingw64 mingw32

test:
	@tests/support/run-tests.sh

demo:
	@tests/support/run-demo.sh

bench:
	@tests/support/run-bench.sh

dist:
	@src/cmake/dist.sh

soak:
	@tests/support/run-tests.sh soak

clean:
	rm -rf build
