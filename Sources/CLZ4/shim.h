// Debian's liblz4-dev; the block format of https://github.com/lz4/lz4/blob/dev/doc/lz4_Block_format.md
#include <lz4.h>
#include <lz4hc.h>
