# Builds the C programs of t/unit, t/fuzz or bench/native: each of them from its
# own source, and from a library of the rooms of src/ that do no I/O, of the
# RESP reader, of what in http/ needs no request, and of t/unit/nginx.c, which
# has the few symbols of nginx that they may need. A program may define a
# function of the library itself: its own then stands for all that its file has.
# All of it runs under AddressSanitizer and UBSan, but for what is measured.
#
# usage:  make -f t/native.mk KIND=unit|fuzz|bench
#         from the top of the checkout
# in:     OC_OBJS, the objs directory of a configured nginx tree
# out:    build/KIND/NAME for each NAME.c whose name ends in _test (unit),
#         _fuzz (fuzz) or _bench (bench), and build/unit/oc_parse

OC_OBJS ?= build/nginx/objs
TREE    := $(patsubst %/,%,$(dir $(OC_OBJS)))
OUT     := build/$(KIND)
DIR     := t/$(KIND)
LEVEL   := -O1

ifeq ($(KIND),fuzz)
CC      := clang
PROGRAM := fuzz
TOOL    :=
COMPILE := -fsanitize=fuzzer-no-link,address,undefined
LINK    := -fsanitize=fuzzer,address,undefined
else ifeq ($(KIND),bench)
CC      ?= gcc
PROGRAM := bench
TOOL    :=
DIR     := bench/native
LEVEL   := -O2
COMPILE :=
LINK    :=
else
CC      ?= gcc
PROGRAM := test
TOOL    := t/unit/oc_parse.c
COMPILE := -fsanitize=address,undefined
LINK    := -fsanitize=address,undefined
endif

ROOMS := core auth odata model

LIBRARIES := jansson hiredis libpcre2-8 cjose libcrypto zlib

PROGRAMS := $(patsubst $(DIR)/%.c,$(OUT)/%,\
              $(wildcard $(DIR)/*_$(PROGRAM).c $(TOOL)))
SOURCES  := $(foreach room,$(ROOMS),$(wildcard src/$(room)/*.c)) \
            src/redis/oc_redis_reply.c src/redis/oc_redis_topology.c \
            $(patsubst %,src/http/ngx_http_office_config_%.c,\
              batch_target path position resource)
OBJECTS  := $(patsubst %.c,$(OUT)/obj/%.o,$(SOURCES) t/unit/nginx.c)
LIBRARY  := $(OUT)/liboc.a

# sections let the linker drop what nobody calls, with what that would need
CFLAGS   := -g $(LEVEL) -fno-omit-frame-pointer -ffunction-sections \
            -fdata-sections -W -Wall -Wno-unused-parameter -Werror \
            -fno-sanitize-recover=undefined

INCLUDES := $(addprefix -I$(TREE)/src/,core event event/modules os/unix http \
              http/modules http/v2) \
            -I$(OC_OBJS) -Isrc $(addprefix -Isrc/,$(ROOMS) redis store http) \
            -It/unit \
            $(shell pkg-config --cflags-only-I $(LIBRARIES))
LIBS     := $(shell pkg-config --libs $(LIBRARIES)) -lm

.PHONY: all
.SECONDARY:
all: $(PROGRAMS)

$(PROGRAMS): $(OUT)/%: $(OUT)/obj/$(DIR)/%.o $(LIBRARY)
	@$(CC) -g $(LINK) -Wl,--gc-sections -o $@ $^ $(LIBS)

$(LIBRARY): $(OBJECTS)
	@rm -f $@
	@$(AR) rcs $@ $^

$(OUT)/obj/%.o: %.c t/native.mk $(OC_OBJS)/ngx_auto_config.h
	@mkdir -p $(dir $@)
	@$(CC) -c $(CFLAGS) $(COMPILE) $(INCLUDES) -MMD -MP -o $@ $<

-include $(shell find $(OUT) -name '*.d' 2> /dev/null)
