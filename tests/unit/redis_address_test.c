/* Addresses of Valkey and Redis servers: what is read, and what is refused without the password. */
#include "vault/redis.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

/* clang-format off */
static const struct {
	const char *address;
	bool tls;
	const char *host, *port, *path, *user, *password, *database, *ca, *shown;
} good[] = {
	{"redis://host",                    false, "host", "6379", "", "", "", "", "", "host:6379"},
	{"redis://host:1/",                 false, "host", "1", "", "", "", "", "", "host:1"},
	{"redis://10.0.0.1:65535/15",       false, "10.0.0.1", "65535", "", "", "", "15", "", "10.0.0.1:65535"},
	{"redis://[::1]",                   false, "::1", "6379", "", "", "", "", "", "::1:6379"},
	{"redis://:pw@[2001:db8::1]:7000/2", false, "2001:db8::1", "7000", "", "", "pw", "2", "", "2001:db8::1:7000"},
	{"rediss://ann:p%40+:s%2f%3F@h?ca=/a%20b", true, "h", "6379", "", "ann", "p@+:s/?", "", "/a b", "h:6379"},
	{"redis://ann:p@ss@host",           false, "host", "6379", "", "ann", "p@ss", "", "", "host:6379"},
	{"redis+unix:///run/redis.sock",    false, "", "", "/run/redis.sock", "", "", "", "", "/run/redis.sock"},
	{"redis+unix://a:b@/r@s?db=3",      false, "", "", "/r@s", "a", "b", "3", "", "/r@s"},
};

static const char *const bad[] = {
	"redis:", "redis:/host", "redis://", "redis:///1", "redis://host:", "redis://host:65536", "redis://host:1x", "redis://host:-1",
	"redis://:6379", "redis://[::1", "redis://[::1]x", "redis://[]", "redis://host/x", "redis://host/1/2", "redis://host/10000",
	"redis://host/0?ca=/x", "rediss://host?ca=", "rediss://host?color=blue", "redis://host?db=1&db=2", "redis://host/1?db=2",
	"redis://hunter2@host", "redis://ann:@host", "redis://ann:hunter2%@host", "redis://ann:hunter2%0g@host", "redis://ann:hunter2%00@host",
	"redis://ann:hunter2@", "redis+unix://", "redis+unix:///", "redis+unix://host/path", "redis+unix://ann:hunter2@host/path",
};
/* clang-format on */

static void addresses_are_read(void **state)
{
	struct redis_address read;
	char error[256];

	(void)state;
	for (size_t i = 0; i < sizeof(good) / sizeof(good[0]); i++) {
		if (!redis_address_parse(good[i].address, &read, error, sizeof(error)))
			fail_msg("%s: %s", good[i].address, error);
		assert_int_equal(read.tls, good[i].tls);
		assert_string_equal(read.host, good[i].host);
		assert_string_equal(read.port, good[i].port);
		assert_string_equal(read.path, good[i].path);
		assert_string_equal(read.user, good[i].user);
		assert_string_equal(read.password, good[i].password);
		assert_string_equal(read.database, good[i].database);
		assert_string_equal(read.ca, good[i].ca);
		assert_string_equal(read.shown, good[i].shown);
	}
}

static void mistakes_are_told_without_the_password(void **state)
{
	struct redis_address read, none = {0};
	char error[256];

	(void)state;
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		if (redis_address_parse(bad[i], &read, error, sizeof(error)))
			fail_msg("%s is an address", bad[i]);
		assert_null(strstr(error, "hunter2"));
		assert_memory_equal(&read, &none, sizeof(none));
	}
}

static void nothing_is_longer_than_its_place(void **state)
{
	struct redis_address read;
	char address[REDIS_TEXT_MAX + 32], error[256];
	const size_t start = strlen("redis://");

	(void)state;
	for (size_t len = REDIS_TEXT_MAX - 2; len < REDIS_TEXT_MAX + 2; len++) {
		memcpy(address, "redis://", start);
		memset(address + start, 'a', len);
		address[start + len] = 0;
		assert_int_equal(redis_address_parse(address, &read, error, sizeof(error)),
				 len < REDIS_TEXT_MAX);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(addresses_are_read),
		cmocka_unit_test(mistakes_are_told_without_the_password),
		cmocka_unit_test(nothing_is_longer_than_its_place),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
