/*
 * Whose X-Forwarded-* headers are believed: addresses against blocks, at the edges of each prefix,
 * and the spellings of an address that some parsers take and others do not.
 */
#include "setting.h"

#include "gateway/proxy.h"

#include <stdio.h>

/* clang-format off */
static const struct {
	const char *block;
	const char *peer;
	bool want;
} table[] = {
	{"127.0.0.1",       "127.0.0.1",              true},
	{"127.0.0.1",       "127.0.0.2",              false},
	{"127.0.0.1/32",    "127.0.0.1",              true},
	{"10.0.0.0/8",      "10.0.0.0",               true},
	{"10.0.0.0/8",      "10.255.255.255",         true},
	{"10.0.0.0/8",      "11.0.0.0",               false},
	{"10.0.0.0/8",      "9.255.255.255",          false},
	{"10.1.2.3/8",      "10.9.9.9",               true}, /* bits behind the prefix do not count */
	{"172.16.0.0/12",   "172.31.255.255",         true},
	{"172.16.0.0/12",   "172.32.0.0",             false},
	{"172.16.0.0/12",   "172.15.255.255",         false},
	{"192.0.2.128/25",  "192.0.2.128",            true},
	{"192.0.2.128/25",  "192.0.2.127",            false},
	{"192.0.2.254/31",  "192.0.2.255",            true},
	{"192.0.2.254/31",  "192.0.2.253",            false},
	{"192.0.2.0/1",     "128.0.0.0",              true},
	{"192.0.2.0/1",     "127.255.255.255",        false},
	{"0.0.0.0/0",       "203.0.113.9",            true},
	{"0.0.0.0/0",       "2001:db8::1",            false},
	{"::/0",            "2001:db8::1",            true},
	{"::/0",            "203.0.113.9",            false},
	{"::1",             "::1",                    true},
	{"::1",             "0:0:0:0:0:0:0:1",        true},
	{"::1",             "::2",                    false},
	{"::1",             "127.0.0.1",              false},
	{"fd00::/8",        "fdff::1",                true},
	{"fd00::/8",        "fe00::1",                false},
	{"2001:db8::/33",   "2001:db8:7fff::1",       true},
	{"2001:db8::/33",   "2001:db8:8000::1",       false},
	{"2001:db8::/127",  "2001:db8::1",            true},
	{"2001:db8::/127",  "2001:db8::2",            false},
	{"2001:db8::/128",  "2001:db8::",             true},
	{"2001:db8::/128",  "2001:db8::1",            false},
	{"2001:DB8::/32",   "2001:db8::1",            true},
	/* an IPv4 peer on an IPv6 socket */
	{"127.0.0.1",       "::ffff:127.0.0.1",       true},
	{"10.0.0.0/8",      "::ffff:10.1.1.1",        true},
	{"::ffff:10.0.0.1", "10.0.0.1",               true},
	{"10.0.0.0/8",      "::10.1.1.1",             false},
	{"127.0.0.0/8",     "64:ff9b::127.0.0.1",     false},
	/* no peer's address */
	{"0.0.0.0/0",       "",                       false},
	{"0.0.0.0/0",       "127.1",                  false},
	{"0.0.0.0/0",       "2130706433",             false},
	{"0.0.0.0/0",       "0x7f.0.0.1",             false},
	{"0.0.0.0/0",       "0127.0.0.1",             false},
	{"0.0.0.0/0",       "127.0.0.1 ",             false},
	{"0.0.0.0/0",       "127.0.0.1:80",           false},
	{"0.0.0.0/0",       "127.0.0.1, 10.0.0.1",    false},
	{"0.0.0.0/0",       "127.0.0.1/32",           false},
	{"::/0",            "[::1]",                  false},
	{"::/0",            "fe80::1%eth0",           false},
	{"::/0",            "1:2:3:4:5:6:7:8:9",      false},
	{"::/0",            "2001:0db8:0000:0000:0000:0000:0000:0001:0000:0000:0000", false},
};

static const char *const bad_blocks[] = {
	"", "/", "/8", "10.0.0.0/", "10.0.0.0/33", "10.0.0.0/-1", "10.0.0.0/+8", "10.0.0.0/8 ",
	"10.0.0.0/ 8", "10.0.0.0/8/8", "10.0.0.0/0x8", "10.0.0.0/4294967304",
	"10.0.0.0/18446744073709551624", "10.0.0/8", "10.0.0.0.0/8", "256.0.0.0/8", "fd00::/129",
	"fd00:::/8", "localhost", "*", "all", "10.0.0.0-10.0.0.9", "::ffff:10.0.0.0/104",
};
/* clang-format on */

static void prefixes_are_exact(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(table) / sizeof(table[0]); i++) {
		const struct pk_list blocks = {.item = {pk_str(table[i].block)}, .count = 1};

		assert_true(proxy_block_valid(pk_str(table[i].block)));
		if (proxy_trusted(&blocks, pk_str(table[i].peer)) != table[i].want)
			fail_msg("%s in %s", table[i].peer, table[i].block);
	}
}

static void other_blocks_are_refused(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(bad_blocks) / sizeof(bad_blocks[0]); i++) {
		const struct pk_list blocks = {.item = {pk_str(bad_blocks[i])}, .count = 1};

		if (proxy_block_valid(pk_str(bad_blocks[i])))
			fail_msg("taken: %s", bad_blocks[i]);
		assert_false(proxy_trusted(&blocks, PK_STR("10.0.0.0")));
		assert_false(proxy_trusted(&blocks, pk_str(bad_blocks[i])));
	}
}

static void every_prefix_cuts_where_it_says(void **state)
{
	for (unsigned prefix = 1; prefix <= 32; prefix++) {
		char block[32], inside[32], outside[32];
		const uint32_t base = 0xc0000280 & (uint32_t)(0xffffffff00000000 >> prefix);
		const uint32_t last = base | (uint32_t)(0xffffffffull >> prefix);
		const uint32_t other = base ^ (1u << (32 - prefix));

		(void)snprintf(block, sizeof(block), "%u.%u.%u.%u/%u", base >> 24, base >> 16 & 255,
			       base >> 8 & 255, base & 255, prefix);
		(void)snprintf(inside, sizeof(inside), "%u.%u.%u.%u", last >> 24, last >> 16 & 255,
			       last >> 8 & 255, last & 255);
		(void)snprintf(outside, sizeof(outside), "%u.%u.%u.%u", other >> 24,
			       other >> 16 & 255, other >> 8 & 255, other & 255);

		const struct pk_list blocks = {.item = {pk_str(block)}, .count = 1};

		assert_true(proxy_trusted(&blocks, pk_str(inside)));
		assert_false(proxy_trusted(&blocks, pk_str(outside)));
	}
	(void)state;
}

static void any_block_of_a_list_is_enough(void **state)
{
	const struct pk_list blocks = {
		.item = {PK_STR("fd00::/8"), PK_STR("192.0.2.1"), PK_STR("10.0.0.0/8")},
		.count = 3};

	(void)state;
	assert_true(proxy_trusted(&blocks, PK_STR("10.1.1.1")));
	assert_true(proxy_trusted(&blocks, PK_STR("fd00::1")));
	assert_false(proxy_trusted(&blocks, PK_STR("192.0.2.2")));
}

static void nobody_is_trusted_unnamed(void **state)
{
	const struct pk_list none = {0};

	(void)state;
	assert_false(proxy_trusted(&none, PK_STR("127.0.0.1")));
	assert_false(proxy_trusted(&none, (struct pk_str){0}));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(prefixes_are_exact),
		cmocka_unit_test(other_blocks_are_refused),
		cmocka_unit_test(every_prefix_cuts_where_it_says),
		cmocka_unit_test(any_block_of_a_list_is_enough),
		cmocka_unit_test(nobody_is_trusted_unnamed),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
