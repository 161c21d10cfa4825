# Builds, runs and tests ngx_http_office_config_module; `make help` lists the
# targets and the variables.
#
# The module is built in build/nginx, a copy of the distribution's nginx
# headers, with the flags that the distribution's nginx was built with, so
# that the nginx of the distribution loads it.

NGINX_SRC       ?= /usr/share/nginx/src
NGINX           ?= /usr/sbin/nginx
NGINX_CONF_ARGS ?= --with-compat
MODULES_PATH    ?= /usr/lib/nginx/modules
PORT            ?= 8080

MODULE := ngx_http_office_config_module.so
ROOT   := $(CURDIR)

# nginx itself adds -W (which is -Wextra), -Wall, -Wno-unused-parameter and
# -Werror; given to ./configure they would break its own test programs

CC_OPT_RELEASE := -g -O2 -fstack-protector-strong -Wformat \
                  -Werror=format-security -D_FORTIFY_SOURCE=2
LD_OPT_RELEASE := -Wl,-z,relro -Wl,-z,now -fPIC

CC_OPT_SANITIZE := -g -O1 -fno-omit-frame-pointer
LD_OPT_SANITIZE := -fPIC
SANITIZERS      := -fsanitize=address,undefined \
                   -fno-sanitize-recover=undefined

ifeq ($(SANITIZE),1)
OUT     := build/asan
OBJS    := objs-asan
CC_OPT  := $(CC_OPT_SANITIZE)
LD_OPT  := $(LD_OPT_SANITIZE)
EXTRA   := $(SANITIZERS)
else
OUT     := build
OBJS    := objs
CC_OPT  := $(CC_OPT_RELEASE)
LD_OPT  := $(LD_OPT_RELEASE)
EXTRA   :=
endif

SO         := $(OUT)/$(MODULE)
TREE       := build/nginx
CONFIGURED := build/$(OBJS).configured
JOBS       := $(if $(filter -j%,$(MAKEFLAGS)),,-j$(shell nproc))

# what compiles for long runs before the others, which would be slowed by it, as
# many at a time as there are processors; it has sanitizers of its own, or
# nothing for them to look at, so SANITIZE=1 does not repeat it

FIRST    := t/build.t t/unit.t t/structure.t

# the others run side by side, what takes longest first: the fuzz targets, for
# which it is a job more, have what the others leave of the processors

LONGEST  := t/fuzz.t t/checkin_model.t t/fault_sentinel.t t/fault_cluster.t
TOGETHER := $(LONGEST) $(filter-out $(FIRST) $(LONGEST),\
              $(sort $(wildcard t/*.t)))

FIRST_JOBS := $(shell nproc)

ifneq ($(T),)
FIRST    := $(T)
FIRST_JOBS := 1
TOGETHER :=
else ifeq ($(SANITIZE),1)
FIRST    :=
endif

TEST_JOBS ?= $(shell expr $$(nproc) + 2)

.DELETE_ON_ERROR:
.PHONY: all run test faults bench clean install help force


# one build at a time in a checkout: configure and its headers are shared

all:
	@mkdir -p build
	@flock build/.lock $(MAKE) --no-print-directory $(SO)


# what the configured tree depends on; a file is touched when it changes

build/nginx.inputs: force
	@mkdir -p build
	@if [ ! -x "$(NGINX_SRC)/configure" ]; then \
	    echo "there is no nginx source in $(NGINX_SRC): install nginx-dev" \
	         "(or run .ci/deps build), or set NGINX_SRC" >&2; \
	    exit 1; \
	fi
	@{ echo "$(NGINX_SRC)"; \
	   cd "$(NGINX_SRC)" && cat src/core/nginx.h auto/module; \
	   cat conf_flags 2>/dev/null || :; } | cksum > $@.new
	@if cmp -s $@ $@.new; then rm $@.new; else mv $@.new $@; fi

build/$(OBJS).inputs: force
	@mkdir -p build
	@{ echo '$(CC) $(CC_OPT) $(LD_OPT) $(NGINX_CONF_ARGS)'; \
	   find config src -name '*.[ch]' -o -name '*.lua' | sort; \
	   find config src/store/scripts -type f 2>/dev/null | sort \
	   | while read -r f; do cksum "$$f"; done; } > $@.new
	@if cmp -s $@ $@.new; then rm $@.new; else mv $@.new $@; fi

$(TREE)/configure: build/nginx.inputs
	@rm -rf $(TREE)
	@mkdir -p $(TREE)
	@cp -R "$(NGINX_SRC)/." $(TREE)
	@touch $@

$(CONFIGURED): $(TREE)/configure build/$(OBJS).inputs
	@rm -f $@
	@cd $(TREE) && bash -c ' \
	    NGX_CONF_FLAGS=($(NGINX_CONF_ARGS)); \
	    if [ -f conf_flags ]; then . ./conf_flags; fi; \
	    bash ./configure "$${NGX_CONF_FLAGS[@]}" --builddir=$(OBJS) \
	        --with-cc="$(CC)" --with-cc-opt="$(CC_OPT)" \
	        --with-ld-opt="$(LD_OPT)" --add-dynamic-module="$(ROOT)"' \
	    > ../$(OBJS).configure.log 2>&1 \
	|| { tail -n 15 ../$(OBJS).configure.log >&2; exit 1; }
	@touch $@

# the makefile of nginx knows the dependencies of every object; the shared
# object is replaced, never written to, as an nginx may have it mapped

$(SO): $(CONFIGURED) force
	@mkdir -p $(OUT)
	@flags=$$(sed -n 's/^CFLAGS = *//p' $(TREE)/$(OBJS)/Makefile) \
	&& $(MAKE) $(JOBS) -s --no-print-directory -C $(TREE) \
	    -f $(OBJS)/Makefile modules \
	    CFLAGS="$$flags $(EXTRA) $(CFLAGS)" \
	    LINK='$$(CC) $(EXTRA) $(LDFLAGS)'
	@if ! cmp -s $(TREE)/$(OBJS)/$(MODULE) $@; then \
	    cp $(TREE)/$(OBJS)/$(MODULE) $@.new && mv $@.new $@ \
	    && echo "built $@"; \
	fi


# nginx reads inherited sockets from a variable that is also named NGINX

run:
	@unset NGINX; PORT=$(PORT) OC_NGINX="$(NGINX)" .ci/serve

test:
	@.ci/deps test
	@$(MAKE) --no-print-directory all
	@unset NGINX; export OC_MODULE="$(ROOT)/$(SO)" OC_NGINX="$(NGINX)" \
	    OC_ROOT="$(ROOT)" OC_SANITIZE=$(SANITIZE); status=0; \
	if [ -n "$(strip $(FIRST))" ]; then \
	    prove -It/lib -j$(FIRST_JOBS) $(PROVE_FLAGS) $(FIRST) \
	        || status=$$?; \
	fi; \
	if [ -n "$(strip $(TOGETHER))" ]; then \
	    prove -It/lib -j$(TEST_JOBS) $(PROVE_FLAGS) $(TOGETHER) \
	        || status=$$?; \
	fi; \
	exit $$status

# the rows of the table of faults, with more load than the tests have

faults:
	@mkdir -p build
	@{ echo '| fault | requests | errors | lost | doubled | s out |' \
	        'of these Redis |'; \
	   echo '|---|---|---|---|---|---|---|'; } > build/faults.md
	@FAULT_TABLE="$(ROOT)/build/faults.md" FAULT_SECONDS=3 \
	    $(MAKE) --no-print-directory test T="$(wildcard t/fault_*.t)"
	@cat build/faults.md

bench:
	@.ci/deps bench
	@$(MAKE) --no-print-directory all
	@unset NGINX; OC_MODULE="$(ROOT)/$(SO)" OC_NGINX="$(NGINX)" bench/run

install: all
	install -d "$(DESTDIR)$(MODULES_PATH)"
	install -m 0644 $(SO) "$(DESTDIR)$(MODULES_PATH)/$(MODULE)"

clean:
	rm -rf build

help:
	@echo 'make              build $(SO)'
	@echo 'make run          serve the API from a private Redis; PORT=8080'
	@echo 'make test         all tests; T=t/name.t for one;' \
	    'TEST_JOBS=N, so many at a time'
	@echo 'make faults       the table of faults, under more load'
	@echo 'make bench        measure against other servers'
	@echo 'make install      copy the module; DESTDIR=, MODULES_PATH='
	@echo 'make clean        remove build/, the state of make run included'
	@echo
	@echo 'SANITIZE=1        with AddressSanitizer and UBSan, in build/asan'
	@echo 'NGINX_SRC=DIR     nginx sources and conf_flags: $(NGINX_SRC)'
	@echo 'NGINX=FILE        the nginx to run: $(NGINX)'
	@echo 'NGINX_CONF_ARGS=  configure arguments if there is no conf_flags'
	@echo 'CC, CFLAGS, LDFLAGS, PROVE_FLAGS are honoured'
