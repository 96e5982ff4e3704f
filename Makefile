# descentd: everything is reached from here.
#   make          build build/descentd            make demo   set up, build, train on real data, show it
#   make test     set up, build, run every test   make run    serve until Ctrl-C
#   make asan | tsan   the tests under sanitizers  make lint   format, layers, static analysis
#   make bench    speed, beside limits and peers   make bench-optimizers   steps, the README's table   make clean
# MODE=release|debug|asan|tsan|cov

MODE ?= release
CC ?= gcc
O := build/$(MODE)

CFLAGS_release := -O3 -g1 -DNDEBUG
CFLAGS_debug := -O0 -g3
CFLAGS_asan := -O1 -g -fsanitize=address,undefined -fno-sanitize-recover=all -fno-omit-frame-pointer
CFLAGS_tsan := -O1 -g -fsanitize=thread -fno-omit-frame-pointer
CFLAGS_cov := -O0 -g --coverage
LDFLAGS_asan := -fsanitize=address,undefined
LDFLAGS_tsan := -fsanitize=thread
LDFLAGS_cov := --coverage

WARN := -Wall -Wextra -Wpedantic -Wshadow -Wconversion -Wdouble-promotion -Wstrict-prototypes -Wmissing-prototypes \
	-Wformat=2 -Wundef -Wvla -Wswitch-enum $(WERROR)
# Results must be the same bits everywhere: no contraction to FMA. sqrt vectorises only without errno. Complex numbers
# serve as dual numbers (core/base/dual.h), which have no complex infinities to look for.
ARITH := -ffp-contract=off -fno-math-errno -fno-trapping-math -fcx-fortran-rules
CFLAGS := -std=c17 -D_GNU_SOURCE -iquote . -MMD -MP -pthread $(WARN) $(ARITH) $(CFLAGS_$(MODE))
# The build id is what a checkpoint is bound to (server/runner/build.c).
LDFLAGS := -pthread -Wl,--build-id=sha1 $(LDFLAGS_$(MODE))

# The pthread build of OpenBLAS, loaded at run time (core/kernels/blas.c), by its own path: Debian's serial build is not
# thread-safe, and the alternatives system may swap the plain soname.
BLAS_DIR := $(firstword $(wildcard /usr/lib/*/openblas-pthread))
BLAS := -Wl,-rpath,$(BLAS_DIR)
LIBS_core := $(BLAS) -ldl -lm
LIBS_api := -lcjson -lsodium
LIBS_server := -lmicrohttpd -lsqlite3 -lsodium -lz -lcsv
LIBS_check := -lcheck -lsubunit -lrt -lm

# Kernels are compiled once an instruction set; the table of the best one that the processor has is picked at start.
ISAS := baseline avx2 avx512
ISA_FLAGS_baseline :=
ISA_FLAGS_avx2 := -mavx2 -mtune=haswell
ISA_FLAGS_avx512 := -mavx512f -mavx512dq -mavx512bw -mavx512vl -mprefer-vector-width=512 -mtune=skylake-avx512

rwildcard = $(foreach d,$(wildcard $(1)*),$(call rwildcard,$(d)/,$(2)) $(filter $(subst *,%,$(2)),$(d)))
# Optimizer files and the loops of expressions too: all but the table. ISA names the set within a file.
ISA_SRC := $(filter-out %.inc.c,$(wildcard core/kernels/isa/*.c) $(filter-out core/optim/optimizer.c,$(wildcard core/optim/*.c)) \
	core/tensor/operation.c)
CORE_SRC := $(filter-out %.inc.c $(ISA_SRC),$(call rwildcard,core/,*.c))
API_SRC := $(call rwildcard,api/,*.c)
SERVER_SRC := $(filter-out %.inc.c server/main.c,$(call rwildcard,server/,*.c))
MIGRATIONS := $(sort $(wildcard migrations/*.sql))
TEST_SUPPORT := $(wildcard tests/support/*.c)

CORE_OBJ := $(CORE_SRC:%.c=$(O)/%.o) $(foreach i,$(ISAS),$(ISA_SRC:%.c=$(O)/%.$(i).o))
API_OBJ := $(API_SRC:%.c=$(O)/%.o)
SERVER_OBJ := $(SERVER_SRC:%.c=$(O)/%.o) $(O)/embedded.o

TESTS_core := $(patsubst %.c,$(O)/%,$(wildcard tests/core/test_*.c))
TESTS_api := $(patsubst %.c,$(O)/%,$(wildcard tests/api/test_*.c))
TESTS_server := $(patsubst %.c,$(O)/%,$(wildcard tests/server/test_*.c))
TESTS_blackbox := $(patsubst %.c,$(O)/%,$(wildcard tests/blackbox/test_*.c))
TESTS := $(TESTS_core) $(TESTS_api) $(TESTS_server) $(TESTS_blackbox)
BENCH := $(patsubst %.c,$(O)/%,$(wildcard tests/bench/bench_*.c))

.PHONY: all setup demo test run check asan tsan lint format bench bench-optimizers fuzz clean build-tests
all: build/descentd

build/descentd: $(O)/descentd
	@ln -sf $(MODE)/descentd $@

# Whole, so that a name which two floors have is an error and not the first one's for both.
$(O)/descentd: $(O)/server/main.o $(O)/libserver.a $(O)/libapi.a $(O)/libcore.a
	@echo "  link   $@"
	@$(CC) $(LDFLAGS) -o $@ $< -Wl,--whole-archive $(filter %.a,$^) -Wl,--no-whole-archive $(LIBS_server) $(LIBS_api) $(LIBS_core)

$(O)/libcore.a: $(CORE_OBJ)
$(O)/libapi.a: $(API_OBJ)
$(O)/libserver.a: $(SERVER_OBJ)
$(O)/lib%.a:
	@rm -f $@ && ar rcs $@ $^

$(O)/%.o: %.c
	@mkdir -p $(@D)
	@echo "  cc     $<"
	@$(CC) $(CFLAGS) -c -o $@ $<

define isa_rule
$(O)/%.$(1).o: %.c
	@mkdir -p $$(@D)
	@echo "  cc     $$< ($(1))"
	@$(CC) $(CFLAGS) $(ISA_FLAGS_$(1)) -DISA=$(1) -c -o $$@ $$<
endef
$(foreach i,$(ISAS),$(eval $(call isa_rule,$(i))))

# What the binary carries within itself: the migrations and the contract.
$(O)/embedded.c: scripts/embed.sh api/openapi.yaml $(MIGRATIONS)
	@mkdir -p $(@D)
	@sh scripts/embed.sh api/openapi.yaml $(MIGRATIONS) > $@.tmp && mv $@.tmp $@
$(O)/embedded.o: $(O)/embedded.c
	@$(CC) $(CFLAGS) -c -o $@ $<

SUPPORT_OBJ := $(TEST_SUPPORT:%.c=$(O)/%.o)
$(TESTS_core): $(O)/tests/core/%: $(O)/tests/core/%.o $(SUPPORT_OBJ) $(O)/libcore.a
	@$(CC) $(LDFLAGS) -o $@ $^ $(LIBS_check) -lcjson $(LIBS_core)
$(TESTS_api): $(O)/tests/api/%: $(O)/tests/api/%.o $(SUPPORT_OBJ) $(O)/libapi.a $(O)/libcore.a
	@$(CC) $(LDFLAGS) -o $@ $^ $(LIBS_check) $(LIBS_api) $(LIBS_core)
# tests/support/allocation.h
$(O)/tests/api/test_allocation $(O)/tests/core/test_hostile $(O)/tests/bench/bench_hostile: LDFLAGS += $(foreach f,malloc calloc realloc aligned_alloc strdup free,-Wl,--wrap=$(f))
$(TESTS_server): $(O)/tests/server/%: $(O)/tests/server/%.o $(SUPPORT_OBJ) $(O)/libserver.a $(O)/libapi.a $(O)/libcore.a
	@$(CC) $(LDFLAGS) -o $@ $^ $(LIBS_check) $(LIBS_server) $(LIBS_api) $(LIBS_core)
$(TESTS_blackbox): $(O)/tests/blackbox/%: $(O)/tests/blackbox/%.o $(SUPPORT_OBJ) $(patsubst %.c,$(O)/%.o,$(filter-out tests/blackbox/test_%,$(wildcard tests/blackbox/*.c)))
	@$(CC) $(LDFLAGS) -o $@ $^ $(LIBS_check) -lcurl -lcjson -lm
$(BENCH): $(O)/tests/bench/%: $(O)/tests/bench/%.o $(O)/tests/bench/bench.o $(O)/libserver.a $(O)/libapi.a $(O)/libcore.a
	@$(CC) $(LDFLAGS) -o $@ $^ $(LIBS_server) $(LIBS_api) $(LIBS_core) -lcurl
.SECONDARY:

build-tests: $(TESTS) $(O)/descentd

setup:
	@sh scripts/setup.sh

# check: the tests without setting the machine up first.
check: build/descentd build-tests
	@sh scripts/run-tests.sh $(O) $(TESTS)

test: setup
	@$(MAKE) -s --no-print-directory -j$$(sh scripts/jobs.sh) all build-tests
	@$(MAKE) --no-print-directory check

asan tsan: setup
	@$(MAKE) -s --no-print-directory -j$$(sh scripts/jobs.sh) MODE=$@ $(@:%=build/%/descentd) build-tests
	@sh scripts/run-tests.sh build/$@ $(patsubst $(O)/%,build/$@/%,$(TESTS))

demo: setup
	@$(MAKE) -s --no-print-directory -j$$(sh scripts/jobs.sh) all
	@sh scripts/demo.sh

run: setup
	@$(MAKE) -s --no-print-directory -j$$(sh scripts/jobs.sh) all
	@exec build/descentd

lint: setup
	@sh scripts/lint.sh

# libFuzzer on the parser and planner of expressions, for SECONDS: those by clang, what they call as it is (kernels are gcc's).
SECONDS := 60
FUZZ_SRC := tests/fuzz/fuzz_expression.c $(wildcard core/expression/*.c) $(filter-out %.inc.c core/tensor/operation.c core/tensor/product.c,$(wildcard core/tensor/*.c)) \
	core/model/expression.c core/objective/tensor_objective.c
build/fuzz/%.o: %.c
	@mkdir -p $(@D)
	@clang-14 -std=c17 -D_GNU_SOURCE -iquote . -MMD -MP -O1 -g -fsanitize=fuzzer-no-link,address,undefined \
		-fno-sanitize-recover=undefined -Wno-unknown-pragmas -c -o $@ $<
build/fuzz/fuzz_expression: $(FUZZ_SRC:%.c=build/fuzz/%.o) $(O)/libcore.a
	@clang-14 -pthread -fsanitize=fuzzer,address,undefined -o $@ $^ $(LIBS_core)
fuzz:
	@sh scripts/setup.sh fuzz
	@$(MAKE) -s --no-print-directory -j$$(sh scripts/jobs.sh) build/fuzz/fuzz_expression
	@mkdir -p build/fuzz/corpus && build/fuzz/fuzz_expression -max_total_time=$(SECONDS) -max_len=400 -timeout=5 \
		-rss_limit_mb=1024 -artifact_prefix=build/fuzz/ -dict=tests/fuzz/expression.dict build/fuzz/corpus

format:
	@clang-format -i $$(git ls-files '*.c' '*.h')

bench:
	@sh scripts/setup.sh bench
	@$(MAKE) -s --no-print-directory -j$$(sh scripts/jobs.sh) all $(BENCH)
	@sh scripts/bench.sh

# Steps and evaluations, no times: the table between the marks in README.md.
bench-optimizers:
	@$(MAKE) -s --no-print-directory -j$$(sh scripts/jobs.sh) $(O)/tests/bench/bench_optimizers
	@$(O)/tests/bench/bench_optimizers tests/data >build/optimizers.md
	@sed -i -e '/<!-- optimizers -->/,/<!-- end -->/{//!d}' -e '/<!-- optimizers -->/r build/optimizers.md' README.md

clean:
	@rm -rf build

-include $(call rwildcard,build/$(MODE)/,*.d)
