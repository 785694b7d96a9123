/*
 * `proofkey keys`: the file of keys that cookies and tokens are sealed with. A key that is in use is
 * never overwritten: who loses it loses every session and every token that it sealed. What goes is
 * named, and what is changed is replaced in one step (vault/keyring.h). No key is ever printed, only
 * its public id.
 */
#include "cli/cli.h"
#include "cli/answer.h"
#include "base/encode.h"
#include "base/text.h"
#include "io/confine.h"
#include "vault/keyring.h"

#include <errno.h>
#include <getopt.h>
#include <stdio.h>
#include <string.h>

static const char command[] = "proofkey keys";

/* clang-format off */
static const char help[] =
	"usage: proofkey keys new FILE\n"
	"       proofkey keys rotate [--prepare] FILE\n"
	"       proofkey keys list FILE\n"
	"       proofkey keys drop FILE ID\n"
	"\n"
	"The key ring: its first key seals sessions and stored tokens, all of them open.\n"
	"\n"
	"  new                makes FILE with one fresh key, readable by its owner alone (mode\n"
	"                     0600); a FILE that exists is left as it is: without its keys,\n"
	"                     sessions and tokens are lost\n"
	"  rotate             a fresh key comes first, or the one that is prepared\n"
	"  list               the keys: id, when it was made, what it is for\n"
	"  drop               takes out the key ID; what it sealed opens no more\n"
	"\n"
	"  --prepare          with rotate: a fresh key comes last, for gateways on several\n"
	"                     machines. When all of them have it, rotate brings it to the front\n"
	"  --help             this text\n"
	"\n"
	"A running gateway reads FILE again when its supervisor gets SIGHUP, and nobody is signed\n"
	"out. Where FILE is handed to it as a credential, it is restarted instead. Its log says\n"
	"keys.resealed when a key can be dropped.\n"
	"\n"
	"example:\n"
	"  proofkey keys rotate /etc/proofkey/keys && systemctl restart proofkey\n"
	"\n"
	"Exit status: 0, 1 when the file could not be made or changed, 2 for wrong usage.\n";
/* clang-format on */

struct id_text {
	char text[2 * KEY_ID + 1];
};

static struct id_text id_text(const struct keyring *ring, size_t which)
{
	struct id_text ret;
	uint8_t id[KEY_ID] = {0};
	struct pk_buf out = pk_buf(ret.text, sizeof(ret.text) - 1);

	/* OpenSSL made the ids of all of them when the ring was read. */
	(void)keyring_id(ring, which, id);
	pk_hex_encode(&out, id, sizeof(id));
	ret.text[out.len] = '\0';
	return ret;
}

/* The id that a person typed. */
static bool read_id(struct pk_str text, uint8_t ret[static KEY_ID])
{
	if (text.len != 2 * KEY_ID)
		return false;
	for (size_t i = 0; i < text.len; i++) {
		const struct pk_str digits = PK_STR("0123456789abcdef");
		const size_t digit = pk_str_find(digits, text.ptr[i]);

		if (digit == digits.len)
			return false;
		ret[i / 2] = (uint8_t)((unsigned)ret[i / 2] << 4 | (unsigned)digit);
	}
	return true;
}

static void print_ring(const struct keyring *ring)
{
	for (size_t i = 0; i < ring->count; i++)
		printf("%s  %s  %s\n", id_text(ring, i).text, ring->made[i],
		       i == 0                                   ? "seals"
		       : ring->prepared && i + 1 == ring->count ? "prepared"
								: "opens");
}

static int new_file(const char *path)
{
	char error[512];

	if (!keyring_create(path, error, sizeof(error)))
		return answer_failed(command, "%s", error);
	return ANSWER_YES;
}

static int list(const char *path)
{
	struct keyring ring;
	char error[512];

	if (!keyring_show(path, &ring, error, sizeof(error)))
		return answer_failed(command, "%s", error);
	print_ring(&ring);
	keyring_wipe(&ring);
	return answer_end(command, ANSWER_YES);
}

static int change(const char *path, enum keyring_change how, const uint8_t id[static KEY_ID])
{
	struct keyring ring;
	char error[512];

	if (!keyring_change(path, how, id, &ring, error, sizeof(error)))
		return answer_failed(command, "%s", error);
	print_ring(&ring);
	keyring_wipe(&ring);
	return answer_end(command, ANSWER_YES);
}

static int drop(const char *path, const char *id)
{
	uint8_t bytes[KEY_ID] = {0};

	if (!read_id(pk_str(id), bytes))
		return answer_usage(command, "a key's id is eight characters 0-9 a-f; "
					     "`proofkey keys list FILE` shows them");
	return change(path, KEYRING_DROP, bytes);
}

int keys_main(int argc, char **argv)
{
	static const struct option known[] = {
		{"help", no_argument, NULL, 'h'}, {"prepare", no_argument, NULL, 'p'}, {0}};
	static const uint8_t none[KEY_ID];
	bool prepare = false;
	int got;

	while ((got = getopt_long(argc, argv, ":", known, NULL)) != -1)
		switch (got) {
		case 'h':
			fputs(help, stdout);
			return answer_end(command, ANSWER_YES);
		case 'p':
			prepare = true;
			break;
		default:
			return answer_option(command, got, argv);
		}

	const int count = argc - optind;
	const struct pk_str what = pk_str(count > 0 ? argv[optind] : "");
	const bool rotates = pk_str_equal(what, PK_STR("rotate"));
	const bool drops = pk_str_equal(what, PK_STR("drop"));

	if (!rotates && !drops && !pk_str_equal(what, PK_STR("new")) &&
	    !pk_str_equal(what, PK_STR("list")))
		return answer_usage(command,
				    "it is `proofkey keys new FILE`, or rotate, list, drop");
	if (prepare && !rotates)
		return answer_usage(command, "--prepare goes with rotate");
	if (drops && count != 3)
		return answer_usage(command, "drop takes one file and the id of a key");
	if (!drops && count != 2)
		return answer_usage(command, "%.*s takes one file", PK_ARG(what));
	if (!confine_memory())
		return answer_failed(command, "its memory cannot be kept from dumps: %s",
				     strerror(errno));

	char *const path = argv[optind + 1];

	if (drops)
		return drop(path, argv[optind + 2]);
	if (rotates)
		return change(path, prepare ? KEYRING_PREPARE : KEYRING_ROTATE, none);
	return pk_str_equal(what, PK_STR("list")) ? list(path) : new_file(path);
}
