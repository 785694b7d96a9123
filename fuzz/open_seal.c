/*
 * Token seals under attack: text that a browser may send as cookie or as state. Nothing opens that
 * was not sealed, for either purpose; and what was sealed opens for its own purpose alone.
 */
#include "vault/seal.h"
#include "base/encode.h"

#include <sodium.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define PURPOSES 2
#define INPUT_MAX 8192

static const struct pk_str purpose[PURPOSES] = {{"session", 7}, {"attempt", 7}};
static struct token_sealer *sealer[PURPOSES];
static struct subkey key[PURPOSES][KEYRING_MAX];
static char memory[INPUT_MAX];

static void must(bool truth)
{
	if (!truth)
		abort();
}

static void set_up(void)
{
	struct keyring ring = {.master = {"a fixed key of 32 bytes to fuzz!"}, .count = 1};

	must(sodium_init() >= 0);
	for (size_t i = 0; i < PURPOSES; i++) {
		must(keyring_subkeys(&ring, purpose[i].ptr, key[i]) == 1);
		sealer[i] = token_sealer_new(key[i], 1);
		must(sealer[i] != NULL);
	}
}

static enum seal_result open_as(size_t i, struct pk_str text, struct pk_str *ret)
{
	return token_open(sealer[i], purpose[i], text, memory, ret);
}

/* The input as it came. */
static void try_text(struct pk_str text)
{
	struct pk_str opened;

	for (size_t i = 0; i < PURPOSES; i++)
		must(open_as(i, text, &opened) != SEAL_OPENED);
}

/* The input behind the right key id, well encoded, so that it comes as far as the tag. */
static void try_bytes(struct pk_str bytes)
{
	char body[SEAL_TOKEN_MAX], text[SEAL_TOKEN_LEN(SEAL_TOKEN_MAX) + 1];
	struct pk_str opened;

	for (size_t i = 0; i < PURPOSES; i++) {
		struct pk_buf in = pk_buf(body, sizeof(body)), out = pk_buf(text, sizeof(text));

		pk_buf_put(&in, (struct pk_str){(const char *)key[i][0].id, KEY_ID});
		pk_buf_put(&in, bytes);
		pk_base64url_encode(&out, in.ptr, in.len);
		must(open_as(i, pk_buf_str(&out), &opened) ==
		     (in.len < SEAL_OVERHEAD ? SEAL_MALFORMED : SEAL_ALTERED));
	}
}

/* The input as plain text. */
static void try_plain(struct pk_str plain)
{
	static const uint8_t nonce[SEAL_NONCE];
	char text[SEAL_TOKEN_LEN(SEAL_TOKEN_MAX) + 1];
	struct pk_str opened;

	for (size_t i = 0; i < PURPOSES; i++) {
		struct pk_buf out = pk_buf(text, sizeof(text));

		token_seal(sealer[i], nonce, purpose[i], plain, &out);
		must(!out.overflow);
		must(open_as(!i, pk_buf_str(&out), &opened) == SEAL_ALTERED);
		must(open_as(i, pk_buf_str(&out), &opened) == SEAL_OPENED);
		must(pk_str_equal(opened, plain));
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const struct pk_str input = {(const char *)data, size};

	if (!sealer[0])
		set_up();
	if (size <= INPUT_MAX)
		try_text(input);
	if (size <= SEAL_TOKEN_MAX - KEY_ID)
		try_bytes(input);
	if (size <= SEAL_TOKEN_MAX)
		try_plain(input);
	return 0;
}
