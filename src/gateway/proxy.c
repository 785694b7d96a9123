/* Addresses against CIDR blocks. An IPv4 peer on an IPv6 socket (::ffff:a.b.c.d) counts as IPv4. */
#include "gateway/proxy.h"
#include "base/text.h"

#include <arpa/inet.h>
#include <string.h>

struct address {
	uint8_t byte[16];
	int64_t bits; /* 32 or 128 */
};

static bool parse_address(struct pk_str text, struct address *ret)
{
	static const uint8_t mapped[12] = {0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff};
	char name[INET6_ADDRSTRLEN];

	if (!text.len || text.len >= sizeof(name))
		return false;
	memcpy(name, text.ptr, text.len);
	name[text.len] = '\0';
	*ret = (struct address){.bits = 32};
	if (inet_pton(AF_INET, name, ret->byte) == 1)
		return true;
	ret->bits = 128;
	if (inet_pton(AF_INET6, name, ret->byte) != 1)
		return false;
	if (memcmp(ret->byte, mapped, sizeof(mapped)) == 0) {
		memmove(ret->byte, ret->byte + sizeof(mapped), 4);
		ret->bits = 32;
	}
	return true;
}

static bool parse_block(struct pk_str text, struct address *ret, int64_t *ret_prefix)
{
	const struct pk_str address = pk_str_cut(&text, '/');

	if (!parse_address(address, ret))
		return false;
	*ret_prefix = ret->bits;
	return !text.ptr || pk_str_number(text, ret->bits, ret_prefix);
}

bool proxy_block_valid(struct pk_str block)
{
	struct address address;
	int64_t prefix;

	return parse_block(block, &address, &prefix);
}

static bool contains(const struct address *block, int64_t prefix, const struct address *address)
{
	const size_t whole = (size_t)prefix / 8;
	const uint8_t mask = (uint8_t)(0xff00 >> (prefix % 8));

	return block->bits == address->bits && memcmp(block->byte, address->byte, whole) == 0 &&
	       (prefix % 8 == 0 || ((block->byte[whole] ^ address->byte[whole]) & mask) == 0);
}

bool proxy_trusted(const struct pk_list *blocks, struct pk_str peer)
{
	struct address address, block;
	int64_t prefix;

	if (!blocks->count || !parse_address(peer, &address))
		return false;
	for (size_t i = 0; i < blocks->count; i++)
		if (parse_block(blocks->item[i], &block, &prefix) &&
		    contains(&block, prefix, &address))
			return true;
	return false;
}
