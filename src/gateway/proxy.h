/* Trusted proxies: whose X-Forwarded-* headers are believed. None is unless it was named. */
#ifndef GATEWAY_PROXY_H
#define GATEWAY_PROXY_H

#include "proofkey.h"

/* Whether `block` is an address or CIDR block: "127.0.0.1", "10.0.0.0/8", "fd00::/8". */
bool proxy_block_valid(struct pk_str block);

/* Whether the address `peer` is in one of the blocks. */
bool proxy_trusted(const struct pk_list *blocks, struct pk_str peer);

#endif
