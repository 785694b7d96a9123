/*
 * The key ring: files that are right, files that are damaged (refused with their line, and nothing
 * of a key in the sentence), files that others could read or change, and subkeys that are apart.
 */
#include "vault/keyring.h"
#include "base/text.h"

#include <errno.h>
#include <fcntl.h>
#include <endian.h>
#include <linux/posix_acl.h>
#include <linux/posix_acl_xattr.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/xattr.h>
#include <unistd.h>

#include <cmocka.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <sodium.h>

#define TIME "2026-11-21T10:00:00Z "
#define KEY_A "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8" /* the bytes 0 to 31 */
#define KEY_B "ICEiIyQlJicoKSorLC0uLzAxMjM0NTY3ODk6Ozw9Pj8" /* and 32 to 63 */
#define KEY_C "QEFCQ0RFRkdISUpLTE1OT1BRUlNUVVZXWFlaW1xdXl8" /* and 64 to 95 */

static char directory[] = "/tmp/keyring-test-XXXXXX";
static char path[64];

static int make_directory(void **state)
{
	(void)state;
	if (!mkdtemp(directory))
		return -1;
	(void)snprintf(path, sizeof(path), "%s/keys", directory);
	return 0;
}

static int remove_directory(void **state)
{
	(void)state;
	return rmdir(directory);
}

static int remove_file(void **state)
{
	(void)state;
	(void)unlink(path);
	return 0;
}

static void write_file(const char *text, mode_t mode)
{
	const int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC, 0600);

	assert_true(fd >= 0);
	assert_int_equal(write(fd, text, strlen(text)), strlen(text));
	assert_int_equal(fchmod(fd, mode), 0);
	assert_int_equal(close(fd), 0);
}

static void parse_takes_keys_newest_first(void **state)
{
	struct keyring ring;
	char error[128] = "";

	(void)state;
	assert_true(keyring_parse(PK_STR("# a comment\n\n" TIME KEY_B "\r\n  " TIME KEY_A), &ring,
				  error, sizeof(error)));
	assert_string_equal(error, "");
	assert_int_equal(ring.count, 2);
	for (size_t i = 0; i < KEY_SIZE; i++) {
		assert_int_equal(ring.master[0][i], 32 + i);
		assert_int_equal(ring.master[1][i], i);
	}
}

static void parse_refuses_with_the_line(void **state)
{
	/* clang-format off */
	static const struct {
		const char *text;
		const char *sentence;
	} rings[] = {
		{"",                                          "there is no key in it"},
		{"# only words\n\n",                          "there is no key in it"},
		{KEY_A "\n",                                  "line 1: a line is a time"},
		{TIME KEY_A "\n# x\n" KEY_B "\n",             "line 3: a line is a time"},
		{"2026-11-21 " KEY_A,                         "line 1: a line is a time"},
		{"2026-11-21T10:00:0xZ " KEY_A,               "line 1: a line is a time"},
		{TIME,                                        "line 1: a key is 32 bytes"},
		{TIME "x",                                    "line 1: a key is 32 bytes"},
		{TIME " " KEY_A,                              "line 1: a key is 32 bytes"},
		{TIME KEY_A " # mine",                        "line 1: a key is 32 bytes"},
		{TIME KEY_A "=",                              "line 1: a key is 32 bytes"},
		{TIME KEY_A "AA",                             "line 1: a key is 32 bytes"},
		{TIME "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHg", "line 1: a key is 32 bytes"},
		{TIME "+/ECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8", "line 1: a key is 32 bytes"},
		{TIME "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh9", "line 1: a key is 32 bytes"},
		{TIME KEY_A "\n" TIME KEY_B "\n" TIME KEY_A,  "line 3: this key is there twice"},
		{TIME KEY_A " prepared",                      "line 1: a key that is prepared cannot be the first"},
		{TIME KEY_A "\n" TIME KEY_B " prepare",       "line 2: a key is 32 bytes"},
		{TIME KEY_A "\n" TIME KEY_B " prepared ready", "line 2: a key is 32 bytes"},
		{TIME KEY_A "\n" TIME KEY_B " prepared\n" TIME KEY_C, "line 3: no key can stand behind one that is prepared"},
	};
	/* clang-format on */

	(void)state;
	for (size_t i = 0; i < sizeof(rings) / sizeof(rings[0]); i++) {
		struct keyring ring = {.count = 77};
		char error[128] = "";

		assert_false(keyring_parse(pk_str(rings[i].text), &ring, error, sizeof(error)));
		assert_true(pk_str_starts(pk_str(error), pk_str(rings[i].sentence)));
		assert_int_equal(ring.count, 77);
		assert_null(strstr(error, "AAEC"));
		assert_null(strstr(error, "ICEi"));
	}
}

static void parse_refuses_a_nul(void **state)
{
	struct keyring ring;
	char error[128];

	(void)state;
	assert_false(keyring_parse(PK_STR(TIME KEY_A "\n\0\n"), &ring, error, sizeof(error)));
	assert_true(pk_str_starts(pk_str(error), PK_STR("line 2: ")));
}

static void parse_knows_which_is_prepared(void **state)
{
	struct keyring ring;
	char error[128] = "";

	(void)state;
	assert_true(keyring_parse(PK_STR(TIME KEY_A "\n" TIME KEY_B), &ring, error, sizeof(error)));
	assert_false(ring.prepared);
	assert_true(keyring_parse(PK_STR(TIME KEY_A "\n" TIME KEY_B " prepared\r\n"), &ring, error,
				  sizeof(error)));
	assert_true(ring.prepared);
	assert_int_equal(ring.count, 2);
	assert_int_equal(ring.master[1][0], 32);
	assert_string_equal(ring.made[1], "2026-11-21T10:00:00Z");
}

static void parse_takes_sixteen_keys_and_no_more(void **state)
{
	char memory[2048], error[128];
	struct pk_buf text = pk_buf(memory, sizeof(memory));
	struct keyring ring;

	(void)state;
	for (char c = 'A'; c < 'A' + KEYRING_MAX; c++) {
		pk_buf_put(&text, PK_STR(TIME));
		pk_buf_char(&text, c);
		pk_buf_put(&text, pk_str(&KEY_A[1]));
		pk_buf_char(&text, '\n');
	}
	assert_false(text.overflow);
	assert_true(keyring_parse(pk_buf_str(&text), &ring, error, sizeof(error)));
	assert_int_equal(ring.count, KEYRING_MAX);
	pk_buf_put(&text, PK_STR(TIME KEY_B));
	assert_false(keyring_parse(pk_buf_str(&text), &ring, error, sizeof(error)));
	assert_string_equal(error, "line 17: there are too many keys, 16 are the most");
}

static void created_ring_loads_and_is_ours_alone(void **state)
{
	struct keyring ring, again;
	struct stat status;
	char error[256] = "";
	const mode_t mask = umask(0);

	(void)state;
	assert_true(keyring_create(path, error, sizeof(error)));
	(void)umask(mask);
	assert_int_equal(stat(path, &status), 0);
	assert_int_equal(status.st_mode & 07777, 0600);
	assert_true(keyring_load(path, &ring, error, sizeof(error)));
	assert_int_equal(ring.count, 1);
	assert_int_equal(unlink(path), 0);
	assert_true(keyring_create(path, error, sizeof(error)));
	assert_true(keyring_load(path, &again, error, sizeof(error)));
	assert_memory_not_equal(ring.master[0], again.master[0], KEY_SIZE);
	assert_string_equal(error, "");
}

static void create_touches_nothing_that_exists(void **state)
{
	struct keyring ring;
	char error[256], target[128];

	(void)state;
	write_file(TIME KEY_A "\n", 0600);
	assert_false(keyring_create(path, error, sizeof(error)));
	assert_non_null(strstr(error, "exists already"));
	assert_true(keyring_load(path, &ring, error, sizeof(error)));
	assert_int_equal(ring.master[0][31], 31);

	/* Not through a link that hangs in the air either. */
	assert_int_equal(unlink(path), 0);
	(void)snprintf(target, sizeof(target), "%s/elsewhere", directory);
	assert_int_equal(symlink(target, path), 0);
	assert_false(keyring_create(path, error, sizeof(error)));
	assert_int_equal(access(target, F_OK), -1);
}

static void create_needs_the_directory(void **state)
{
	char missing[128], error[256];

	(void)state;
	(void)snprintf(missing, sizeof(missing), "%s/none/keys", directory);
	assert_false(keyring_create(missing, error, sizeof(error)));
	assert_non_null(strstr(error, "No such file or directory"));
}

static void load_refuses_what_others_may_touch(void **state)
{
	static const mode_t modes[] = {0640, 0604, 0660, 0601, 0610, 0620, 0602, 0666};
	struct keyring ring;
	char error[256];

	(void)state;
	for (size_t i = 0; i < sizeof(modes) / sizeof(modes[0]); i++) {
		write_file(TIME KEY_A "\n", modes[i]);
		assert_false(keyring_load(path, &ring, error, sizeof(error)));
		assert_non_null(strstr(error, "chmod 600"));
	}
	write_file(TIME KEY_A "\n", 0400);
	assert_true(keyring_load(path, &ring, error, sizeof(error)));
}

/* An access control list with one user and one group more, as the kernel stores it. */
static bool set_acl(uint32_t user, uint16_t user_may, uint16_t owning_group_may, uint16_t group_may)
{
	const struct posix_acl_xattr_entry entries[] = {
		{ACL_USER_OBJ, ACL_READ, (uint32_t)-1},          {ACL_USER, user_may, user},
		{ACL_GROUP_OBJ, owning_group_may, (uint32_t)-1}, {ACL_GROUP, group_may, 65533},
		{ACL_MASK, ACL_READ | ACL_WRITE, (uint32_t)-1},  {ACL_OTHER, 0, (uint32_t)-1},
	};
	struct {
		struct posix_acl_xattr_header head;
		struct posix_acl_xattr_entry entry[6];
	} list = {.head = {htole32(POSIX_ACL_XATTR_VERSION)}};

	for (size_t i = 0; i < 6; i++)
		list.entry[i] = (struct posix_acl_xattr_entry){htole16(entries[i].e_tag),
							       htole16(entries[i].e_perm),
							       htole32(entries[i].e_id)};
	if (setxattr(path, "system.posix_acl_access", &list, sizeof(list), 0) == 0)
		return true;
	assert_int_equal(errno, EOPNOTSUPP);
	return false;
}

/* As a service manager lets a service's user read a credential of root's: the permissions of the
 * group are the list's mask then. */
static void load_takes_what_a_list_gives_us_alone(void **state)
{
	struct keyring ring;
	struct stat status;
	char error[256];

	(void)state;
	write_file(TIME KEY_A "\n", 0400);
	if (!set_acl(geteuid(), ACL_READ, 0, 0))
		skip();
	assert_int_equal(stat(path, &status), 0);
	assert_int_equal(status.st_mode & 07777, 0460);
	assert_true(keyring_load(path, &ring, error, sizeof(error)));
	assert_true(set_acl(65534, 0, 0, 0));
	assert_true(keyring_load(path, &ring, error, sizeof(error)));
	assert_true(set_acl(65534, ACL_READ, 0, 0));
	assert_false(keyring_load(path, &ring, error, sizeof(error)));
	assert_true(set_acl(geteuid(), ACL_READ, ACL_READ, 0));
	assert_false(keyring_load(path, &ring, error, sizeof(error)));
	assert_true(set_acl(geteuid(), ACL_READ, 0, ACL_READ));
	assert_false(keyring_load(path, &ring, error, sizeof(error)));
	assert_non_null(strstr(error, "others than its owner"));
}

static void load_refuses_what_is_no_plain_file(void **state)
{
	struct keyring ring;
	char error[256], target[128];

	(void)state;
	assert_false(keyring_load(path, &ring, error, sizeof(error)));
	assert_non_null(strstr(error, "No such file or directory"));
	assert_false(keyring_load(directory, &ring, error, sizeof(error)));
	assert_non_null(strstr(error, "not a regular file"));

	/* Nor does it wait for somebody to write into a FIFO. */
	assert_int_equal(mkfifo(path, 0600), 0);
	assert_false(keyring_load(path, &ring, error, sizeof(error)));
	assert_non_null(strstr(error, "not a regular file"));
	assert_int_equal(unlink(path), 0);

	(void)snprintf(target, sizeof(target), "%s/target", directory);
	write_file(TIME KEY_A "\n", 0600);
	assert_int_equal(rename(path, target), 0);
	assert_int_equal(symlink(target, path), 0);
	assert_false(keyring_load(path, &ring, error, sizeof(error)));
	assert_non_null(strstr(error, "symbolic link"));
	assert_true(keyring_load(target, &ring, error, sizeof(error)));
	assert_int_equal(unlink(target), 0);
}

static void load_refuses_a_file_without_end(void **state)
{
	static char text[20000];
	struct keyring ring;
	char error[256];

	(void)state;
	memset(text, '\n', sizeof(text) - 1);
	memcpy(text, TIME KEY_A, sizeof(TIME KEY_A) - 1);
	write_file(text, 0600);
	assert_false(keyring_load(path, &ring, error, sizeof(error)));
	assert_non_null(strstr(error, "too large"));
}

static void load_names_file_and_line(void **state)
{
	struct keyring ring;
	char error[256];

	(void)state;
	write_file("# ring\nrubbish\n", 0600);
	assert_false(keyring_load(path, &ring, error, sizeof(error)));
	assert_non_null(strstr(error, path));
	assert_non_null(strstr(error, "line 2: "));
}

/* HKDF written out (RFC 5869 2.2 and 2.3, one block): what was sealed must open with the next
 * version of OpenSSL, or without it. */
static void expect_hkdf(const uint8_t *master, const char *info, const uint8_t *want, size_t size)
{
	static const char salt[] = "proofkey key ring 1";
	uint8_t extracted[32], expanded[32], text[64];
	const size_t len = strlen(info);
	unsigned n;

	memcpy(text, info, len);
	text[len] = 1;
	assert_non_null(
		HMAC(EVP_sha256(), salt, sizeof(salt) - 1, master, KEY_SIZE, extracted, &n));
	assert_non_null(
		HMAC(EVP_sha256(), extracted, sizeof(extracted), text, len + 1, expanded, &n));
	assert_memory_equal(expanded, want, size);
}

static void subkeys_are_hkdf_of_their_master(void **state)
{
	struct subkey keys[KEYRING_MAX];
	struct keyring ring;
	char error[128];

	(void)state;
	assert_true(keyring_parse(PK_STR(TIME KEY_B "\n" TIME KEY_A), &ring, error, sizeof(error)));
	assert_int_equal(keyring_subkeys(&ring, "session", keys), 2);
	for (size_t i = 0; i < 2; i++) {
		expect_hkdf(ring.master[i], "public id", keys[i].id, KEY_ID);
		expect_hkdf(ring.master[i], "subkey session", keys[i].key, KEY_SIZE);
	}
}

static void subkeys_of_purposes_are_apart(void **state)
{
	static const char *const purposes[] = {"session", "attempt", "vault", "id"};
	struct subkey keys[4][KEYRING_MAX];
	struct keyring ring;
	char error[128];

	(void)state;
	assert_true(keyring_parse(PK_STR(TIME KEY_A), &ring, error, sizeof(error)));
	for (size_t i = 0; i < 4; i++) {
		assert_int_equal(keyring_subkeys(&ring, purposes[i], keys[i]), 1);
		assert_memory_equal(keys[i][0].id, keys[0][0].id, KEY_ID);
		assert_memory_not_equal(keys[i][0].key, keys[i][0].id, KEY_ID);
		assert_memory_not_equal(keys[i][0].key, ring.master[0], KEY_SIZE);
		for (size_t j = 0; j < i; j++)
			assert_memory_not_equal(keys[i][0].key, keys[j][0].key, KEY_SIZE);
	}
	assert_int_equal(
		keyring_subkeys(&ring, "a purpose with a name that is too long for it", keys[0]),
		0);
}

static void wipe_leaves_nothing(void **state)
{
	static const struct keyring empty;
	struct keyring ring;
	char error[128];

	(void)state;
	assert_true(keyring_parse(PK_STR(TIME KEY_A), &ring, error, sizeof(error)));
	keyring_wipe(&ring);
	assert_memory_equal(&ring, &empty, sizeof(ring));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(parse_takes_keys_newest_first),
		cmocka_unit_test(parse_refuses_with_the_line),
		cmocka_unit_test(parse_refuses_a_nul),
		cmocka_unit_test(parse_knows_which_is_prepared),
		cmocka_unit_test(parse_takes_sixteen_keys_and_no_more),
		cmocka_unit_test_teardown(created_ring_loads_and_is_ours_alone, remove_file),
		cmocka_unit_test_teardown(create_touches_nothing_that_exists, remove_file),
		cmocka_unit_test(create_needs_the_directory),
		cmocka_unit_test_teardown(load_refuses_what_others_may_touch, remove_file),
		cmocka_unit_test_teardown(load_takes_what_a_list_gives_us_alone, remove_file),
		cmocka_unit_test_teardown(load_refuses_what_is_no_plain_file, remove_file),
		cmocka_unit_test_teardown(load_refuses_a_file_without_end, remove_file),
		cmocka_unit_test_teardown(load_names_file_and_line, remove_file),
		cmocka_unit_test(subkeys_are_hkdf_of_their_master),
		cmocka_unit_test(subkeys_of_purposes_are_apart),
		cmocka_unit_test(wipe_leaves_nothing),
	};

	if (sodium_init() < 0)
		return 1;
	return cmocka_run_group_tests(tests, make_directory, remove_directory);
}
