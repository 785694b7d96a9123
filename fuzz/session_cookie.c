/*
 * Session cookies under attack: no text opens that was not sealed here, and of what is sealed with
 * the right key and is no session the reader stays within it; what it reads and is sealed again is
 * the same bytes.
 */
#include "must.h"

#include "base/text.h"
#include "gateway/session.h"

#include <sodium.h>

static const struct subkey key = {{1, 2, 3, 4}, "a fixed key of 32 bytes to fuzz"};
static struct token_sealer *sealer;

static void set_up(void)
{
	must(sodium_init() >= 0);
	sealer = token_sealer_new(&key, 1);
	must(sealer != NULL);
}

static void try_cookie(struct pk_str text)
{
	static char memory[SESSION_TEXT_MAX];
	struct session session;

	must(!session_open(sealer, text, INT64_MIN, memory, &session));
}

static bool can_be_sealed(const struct session *session)
{
	return session->subject.len && session->login.len <= SESSION_LOGIN_MAX &&
	       session->name.len <= SESSION_NAME_MAX && session->email.len <= SESSION_EMAIL_MAX;
}

static void must_seal_to(const struct session *session, struct pk_str plain)
{
	char text_memory[SESSION_TEXT_MAX], plain_memory[SESSION_TEXT_MAX];
	struct pk_buf text = pk_buf(text_memory, sizeof(text_memory));
	struct pk_str again;

	must(session_seal(sealer, session, &text));
	must(token_open(sealer, PK_STR("session"), pk_buf_str(&text), plain_memory, &again) ==
	     SEAL_OPENED);
	must(pk_str_equal(again, plain));
}

/* The input as plain text. */
static void try_plain(struct pk_str plain)
{
	static const uint8_t nonce[SEAL_NONCE];
	char text_memory[SESSION_TEXT_MAX], memory[SESSION_TEXT_MAX];
	struct pk_buf text = pk_buf(text_memory, sizeof(text_memory));
	struct session session;

	token_seal(sealer, nonce, PK_STR("session"), plain, &text);
	must(!text.overflow);
	if (!session_open(sealer, pk_buf_str(&text), INT64_MIN, memory, &session))
		return;
	must(session.subject.len <= PK_SUBJECT_MAX);
	must(!session_open(sealer, pk_buf_str(&text), session.expires_at, memory, &session));
	if (can_be_sealed(&session))
		must_seal_to(&session, plain);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const struct pk_str input = {(const char *)data, size};

	if (!sealer)
		set_up();
	try_cookie(input);
	if (size <= SESSION_PLAIN_MAX)
		try_plain(input);
	return 0;
}
