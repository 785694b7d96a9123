/*
 * The session cookie, and what is kept for it. The cookie is a place in the table and 256 random
 * bits, of which a hash is kept; it reaches its provider's paths alone, no script, and no request
 * that another site's page makes in the background. RFC 6265 4.1.2, OpenID Connect Core 3.1.2.1.
 * What a browser sends is hostile.
 */
#include "sandbox/sign_in.h"
#include "base/encode.h"
#include "base/text.h"
#include "sandbox/clock.h"

#include <sodium.h>
#include <stdlib.h>
#include <string.h>

#define COOKIE PK_STR("sandbox_session")
#define SECRET 32

/* What the cookie says. */
struct cookie {
	uint16_t place;
	unsigned char secret[SECRET];
} __attribute__((packed));

struct sessions {
	struct session row[SESSIONS_MAX];
	uint64_t count; /* ever made */
};

struct sessions *sessions_new(void)
{
	return calloc(1, sizeof(struct sessions));
}

void sessions_free(struct sessions *sessions)
{
	free(sessions);
}

static void hash(const struct cookie *cookie, unsigned char ret[static 32])
{
	crypto_generichash(ret, 32, cookie->secret, sizeof(cookie->secret), NULL, 0);
}

static bool is_live(const struct session *session)
{
	return session->serial && !session->ended;
}

struct session *sign_in_session(const struct exchange *x)
{
	const struct pk_str text = http_cookie(x->http, COOKIE);
	struct cookie cookie;
	unsigned char key[32];
	size_t size;

	if (!pk_base64url_secret(text, &cookie, sizeof(cookie), &size) || size != sizeof(cookie))
		return NULL;

	struct session *session = &x->sandbox->sessions->row[cookie.place % SESSIONS_MAX];

	hash(&cookie, key);
	if (!is_live(session) || session->provider != x->provider ||
	    sodium_memcmp(key, session->key, sizeof(key)) != 0)
		return NULL;
	return session;
}

struct session *sign_in_at(struct sessions *sessions, uint64_t serial)
{
	struct session *session = &sessions->row[serial % SESSIONS_MAX];

	return session->serial == serial && is_live(session) ? session : NULL;
}

struct session *sign_in_of(struct sessions *sessions, const struct provider *provider,
			   const struct person *person, const struct session *before)
{
	size_t i = before ? (size_t)(before - sessions->row) + 1 : 0;

	for (; i < SESSIONS_MAX; i++) {
		struct session *session = &sessions->row[i];

		if (is_live(session) && session->provider == provider &&
		    (!person || session->person == person))
			return session;
	}
	return NULL;
}

static void send_cookie(const struct exchange *x, struct pk_str value, const char *more)
{
	char memory[256];
	struct pk_buf out = pk_buf(memory, sizeof(memory));

	pk_buf_put(&out, COOKIE);
	pk_buf_char(&out, '=');
	pk_buf_put(&out, value);
	pk_buf_put(&out, PK_STR("; Path=/"));
	pk_buf_put(&out, x->dialect->name);
	pk_buf_put(&out, PK_STR("/; HttpOnly; SameSite=Lax"));
	pk_buf_put(&out, pk_str(more));
	http_reply_header(x->http, "Set-Cookie", pk_buf_str(&out));
	sodium_memzero(memory, sizeof(memory));
}

static struct session *start(struct exchange *x)
{
	struct sessions *sessions = x->sandbox->sessions;
	const uint64_t serial = ++sessions->count;
	struct session *session = &sessions->row[serial % SESSIONS_MAX];
	char memory[PK_BASE64URL_LEN(sizeof(struct cookie))];
	struct pk_buf text = pk_buf(memory, sizeof(memory));
	struct pk_buf tenant = pk_buf(session->tenant, sizeof(session->tenant));
	struct pk_buf id = pk_buf(session->id, sizeof(session->id));
	unsigned char random[16];
	struct cookie cookie = {.place = (uint16_t)(serial % SESSIONS_MAX)};

	*session = (struct session){.serial = serial,
				    .provider = x->provider,
				    .person = x->person,
				    .since = wall_clock()};
	pk_buf_put(&tenant, x->tenant);
	if (!tenant.overflow)
		session->tenant_len = tenant.len;
	randombytes_buf(random, sizeof(random));
	pk_base64url_encode(&id, random, sizeof(random));
	randombytes_buf(cookie.secret, sizeof(cookie.secret));
	hash(&cookie, session->key);
	pk_base64url_encode(&text, &cookie, sizeof(cookie));
	send_cookie(x, pk_buf_str(&text), "");
	sodium_memzero(&cookie, sizeof(cookie));
	sodium_memzero(memory, sizeof(memory));
	return session;
}

struct session *sign_in(struct exchange *x)
{
	struct session *session = sign_in_session(x);

	if (session && session->person == x->person && !sign_in_must_be_new(x, session))
		return session;
	return start(x);
}

bool speaks_openid(const struct exchange *x)
{
	return x->dialect->issuer.len && x->dialect->id_token_alg != PK_ID_TOKEN_NONE;
}

bool prompt_has(const struct exchange *x, const char *word)
{
	struct pk_str left = param(x, "prompt");

	while (left.len)
		if (pk_str_equal(pk_str_cut(&left, ' '), pk_str(word)))
			return true;
	return false;
}

bool sign_in_must_be_new(const struct exchange *x, const struct session *session)
{
	int64_t max_age;

	if (!speaks_openid(x))
		return false;
	if (prompt_has(x, "login"))
		return true;
	return pk_str_number(param(x, "max_age"), INT32_MAX, &max_age) &&
	       wall_clock() - session->since >= max_age;
}

bool shows_no_page(const struct exchange *x)
{
	return speaks_openid(x) && prompt_has(x, "none");
}

bool grant_scopes(const struct grant *grant, const struct pk_dialect *dialect, struct pk_list *ret)
{
	const struct pk_str separator = dialect->scope_separator;

	return pk_list_split(grant->scope, separator.len ? separator.ptr[0] : ' ', ret) == PK_OK;
}

void sign_in_bind(struct session *session, struct grant *grant)
{
	grant->session = session->serial;
	grant->authenticated_at = session->since;
	memcpy(grant->session_id, session->id, sizeof(grant->session_id));
	session->granted[client_index(grant->client)] = grant->serial;
}

const struct grant *sign_in_granted(struct ledger *ledger, const struct session *session,
				    const struct client *client)
{
	const struct grant *grant = ledger_grant_at(ledger, session->granted[client_index(client)]);

	return grant && !grant->ended ? grant : NULL;
}

void sign_out(struct sandbox *sandbox, struct session *session)
{
	struct grant *grant = NULL;

	while ((grant = ledger_grant_of(sandbox->ledger, session->serial, grant)))
		grant->ended = true;
	session->ended = true;
}

void sign_out_browser(struct exchange *x)
{
	send_cookie(x, PK_STR(""), "; Max-Age=0");
}
