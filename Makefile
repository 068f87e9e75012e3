# Everything a person types. The real work is in CMake and tools/.

PREFIX ?= $(HOME)/.local
BUILD := build/release
BINARY := $(BUILD)/lazurite

.PHONY: all setup tests quickstart test test-full check format bench install uninstall clean
.DEFAULT_GOAL := all

all: setup $(BUILD)/build.ninja            ## the release binary, build/release/lazurite
	@cmake --build --preset release --target lazurite

setup:                                     ## Debian packages of tools/packages.txt, and uv
	@tools/setup

$(BUILD)/build.ninja:
	@cmake --preset release

tests: setup $(BUILD)/build.ninja          ## the release binary and the unit tests
	@cmake --build --preset release

quickstart: all                            ## train a model on Fashion-MNIST, from nothing
	@tools/quickstart

test: tests                                ## unit tests, lint, system tests
	@tools/test --build $(BUILD)

test-full: test                           ## the unit tests under sanitizers, and the slow system tests
	@tools/test_full

check: format tests                        ## before a commit: format, warnings, fast tests
	@tools/test --build $(BUILD) --fast

format:
	@git ls-files 'src/*.h' 'src/*.cpp' | xargs clang-format --dry-run -Werror

bench: all                                 ## figures for docs/performance.md
	@bench/run

install: all                               ## PREFIX=~/.local
	@install -D -m 755 $(BINARY) $(DESTDIR)$(PREFIX)/bin/lazurite
	@install -D -m 755 .tools/bin/uv $(DESTDIR)$(PREFIX)/libexec/lazurite/uv
	@echo "installed $(DESTDIR)$(PREFIX)/bin/lazurite"

uninstall:
	@rm -f $(DESTDIR)$(PREFIX)/bin/lazurite $(DESTDIR)$(PREFIX)/libexec/lazurite/uv
	@rmdir $(DESTDIR)$(PREFIX)/libexec/lazurite 2>/dev/null || true
	@echo "removed $(DESTDIR)$(PREFIX)/bin/lazurite; homes (LAZURITE_HOME) are untouched"

clean:
	@rm -rf build
