/*
 * `state` under attack: no text opens that was not sealed here, and of what is sealed with the
 * right key and is no attempt the reader stays within it; what it reads and is sealed again is the
 * same bytes.
 */
#include "must.h"

#include "base/text.h"
#include "gateway/attempt.h"

#include <sodium.h>

#define PLAIN_MAX 1280

static const struct keys keys = {
	.key = {{{1, 2, 3, 4}, "a fixed key of 32 bytes to fuzz"}},
	.count = 1,
};
static struct token_sealer *sealer;

static void set_up(void)
{
	must(sodium_init() >= 0);
	sealer = token_sealer_new(keys.key, keys.count);
	must(sealer != NULL);
}

static void try_state(struct pk_str text)
{
	static char memory[STATE_MAX];
	const struct subkey *key = attempt_key(&keys, text);
	struct attempt attempt;

	must(key == NULL || key == &keys.key[0]);
	must(attempt_open(sealer, text, memory, &attempt) != ATTEMPT_OPENED);
}

static void must_seal_to(const struct attempt *attempt, struct pk_str plain)
{
	char text_memory[STATE_MAX], plain_memory[STATE_MAX];
	struct pk_buf text = pk_buf(text_memory, sizeof(text_memory));
	struct pk_str again;

	attempt_seal(sealer, attempt, &text);
	must(!text.overflow);
	must(token_open(sealer, PK_STR("attempt"), pk_buf_str(&text), plain_memory, &again) ==
	     SEAL_OPENED);
	must(pk_str_equal(again, plain));
}

/* The input as plain text. */
static void try_plain(struct pk_str plain)
{
	static const uint8_t nonce[SEAL_NONCE];
	char text_memory[STATE_MAX], memory[STATE_MAX];
	struct pk_buf text = pk_buf(text_memory, sizeof(text_memory));
	struct attempt attempt;

	token_seal(sealer, nonce, PK_STR("attempt"), plain, &text);
	must(!text.overflow);
	must(attempt_key(&keys, pk_buf_str(&text)) == &keys.key[0]);
	if (attempt_open(sealer, pk_buf_str(&text), memory, &attempt) != ATTEMPT_OPENED)
		return;
	must(attempt.return_to.len <= RETURN_TO_MAX);
	must_seal_to(&attempt, plain);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const struct pk_str input = {(const char *)data, size};

	if (!sealer)
		set_up();
	try_state(input);
	if (size <= PLAIN_MAX)
		try_plain(input);
	return 0;
}
