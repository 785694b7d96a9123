/*
 * What a proof has to be (RFC 9449 4.3), rule by rule, each with its own sentence. Everything in a
 * proof is the sender's, its key too: that a signature fits says who holds the key, and nothing else.
 * The host in htu is held against the request's own Host header as well as the sandbox's address,
 * because the same sandbox is reached as localhost and by number.
 */
#include "sandbox/dpop.h"
#include "base/arena.h"
#include "base/encode.h"
#include "base/text.h"
#include "sandbox/clock.h"
#include "sandbox/credentials.h"
#include "sandbox/jwt.h"

#include <sodium.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#define SEEN 16          /* bytes of a hash */
#define JTI_MAX 256      /* bytes */
#define NONCE_SECONDS 60 /* a nonce is taken for one to two of these */
#define NONCE_SIZE 18    /* bytes */

struct proofs {
	unsigned char key[crypto_generichash_KEYBYTES];
	unsigned char seen[PROOFS_MAX][SEEN];
	size_t next;
};

struct proofs *proofs_new(void)
{
	struct proofs *proofs = calloc(1, sizeof(*proofs));

	if (proofs)
		crypto_generichash_keygen(proofs->key);
	return proofs;
}

void proofs_free(struct proofs *proofs)
{
	free(proofs);
}

static const struct pk_str algorithms = {DPOP_ALGORITHMS, sizeof(DPOP_ALGORITHMS) - 1};

static bool is_listed(struct pk_str alg)
{
	struct pk_str left = algorithms;

	while (left.len)
		if (pk_str_equal(pk_str_cut(&left, ' '), alg))
			return true;
	return false;
}

/* RFC 7517 9.3, RFC 7518 6: the members of a private or symmetric key. */
static bool is_private(const json_t *key)
{
	static const char *const members[] = {"d", "p", "q", "dp", "dq", "qi", "oth", "k"};

	for (size_t i = 0; i < sizeof(members) / sizeof(members[0]); i++)
		if (json_object_get(key, members[i]))
			return true;
	return false;
}

static bool is_signed(const struct jwt *proof, const json_t *jwk, struct pk_str alg)
{
	char name[8] = {0};
	cjose_jwk_t *key = jwt_key(jwk);
	bool ok;

	memcpy(name, alg.ptr, alg.len < sizeof(name) ? alg.len : sizeof(name) - 1);
	ok = key && jwt_verify(proof, name, key);
	cjose_jwk_release(key);
	return ok;
}

/* "http://host:port", as far as a slash, in any case of letters (RFC 3986 6.2.2.1). */
static bool starts_with_origin(struct pk_str *url, struct pk_str host)
{
	static const struct pk_str scheme = {"http://", 7};

	if (url->len < scheme.len + host.len ||
	    strncasecmp(url->ptr, scheme.ptr, scheme.len) != 0 ||
	    strncasecmp(url->ptr + scheme.len, host.ptr, host.len) != 0)
		return false;
	*url = pk_str_from(*url, scheme.len + host.len);
	return true;
}

/* RFC 9449 4.3: "without query and fragment parts" of either. */
static bool is_target(const struct exchange *x, struct pk_str htu)
{
	const struct pk_str host = http_header(x->http, "Host");
	const struct pk_str own = pk_str_from(pk_str(x->sandbox->base), 7);

	htu = pk_str_first(htu, pk_str_find(htu, '#'));
	htu = pk_str_first(htu, pk_str_find(htu, '?'));
	return ((host.len && starts_with_origin(&htu, host)) || starts_with_origin(&htu, own)) &&
	       pk_str_equal(htu, http_path(x->http));
}

/* Compared as they come: a time may be any number that JSON can write. */
static bool is_of_now(const json_t *claims)
{
	const json_t *iat = json_object_get(claims, "iat");
	const json_t *exp = json_object_get(claims, "exp");
	const json_t *nbf = json_object_get(claims, "nbf");
	const double time = (double)wall_clock();
	const double made = json_number_value(iat);

	return json_is_number(iat) && made >= time - PROOF_SECONDS &&
	       made <= time + PROOF_SECONDS &&
	       (!exp || json_number_value(exp) > time - PROOF_SECONDS) &&
	       (!nbf || json_number_value(nbf) <= time + PROOF_SECONDS);
}

static bool is_hash_of(struct pk_str ath, struct pk_str token)
{
	unsigned char digest[crypto_hash_sha256_BYTES];
	unsigned char sent[sizeof(digest)];
	size_t size;

	crypto_hash_sha256(digest, (const unsigned char *)token.ptr, token.len);
	return pk_base64url_decode(ath, sent, sizeof(sent), &size) && size == sizeof(sent) &&
	       memcmp(sent, digest, sizeof(sent)) == 0;
}

/* A proof is named by its jti and its key together: nobody can use up another's. */
static bool is_new(struct proofs *proofs, const unsigned char *holder, struct pk_str jti)
{
	unsigned char name[SEEN];
	crypto_generichash_state state;

	crypto_generichash_init(&state, proofs->key, sizeof(proofs->key), sizeof(name));
	crypto_generichash_update(&state, holder, 32);
	crypto_generichash_update(&state, (const unsigned char *)jti.ptr, jti.len);
	crypto_generichash_final(&state, name, sizeof(name));
	for (size_t i = 0; i < PROOFS_MAX; i++)
		if (memcmp(proofs->seen[i], name, sizeof(name)) == 0)
			return false;
	memcpy(proofs->seen[proofs->next], name, sizeof(name));
	proofs->next = (proofs->next + 1) % PROOFS_MAX;
	return true;
}

/* What is wrong with the proof's header, or NULL. Numbers are the rules of RFC 9449 4.3. */
static const char *judge_header(struct exchange *x, const struct jwt *proof)
{
	const struct pk_str alg = jwt_member(proof->header, "alg");
	const json_t *jwk = json_object_get(proof->header, "jwk");

	if (!pk_str_equal(jwt_member(proof->header, "typ"), PK_STR("dpop+jwt"))) /* 4 */
		return "The proof's typ is not dpop+jwt.";
	if (!is_listed(alg)) /* 5 */
		return "The proof's alg is none that is taken here: " DPOP_ALGORITHMS ".";
	if (!json_is_object(jwk))
		return "The proof has no public key in its header, in jwk.";
	if (is_private(jwk)) /* 7 */
		return "The proof's jwk has a private key. Replace that key: it is known now.";
	if (!jwt_thumbprint(jwk, x->holder) || !is_signed(proof, jwk, alg)) /* 6 */
		return "The proof's signature does not fit its own jwk and alg.";
	return NULL;
}

static const char *judge_claims(struct exchange *x, const struct jwt *proof, struct pk_str token)
{
	const struct pk_str jti = jwt_member(proof->claims, "jti");
	const struct pk_str htm = jwt_member(proof->claims, "htm");
	const struct pk_str htu = jwt_member(proof->claims, "htu");
	const struct pk_str ath = jwt_member(proof->claims, "ath");

	if (!jti.len || !htm.len || !htu.len || !json_object_get(proof->claims, "iat")) /* 3 */
		return "The proof lacks one of jti, htm, htu and iat.";
	if (jti.len > JTI_MAX)
		return "The proof's jti is longer than 256 bytes.";
	if (!pk_str_equal(htm, http_method(x->http))) /* 8 */
		return "The proof's htm is not the method of this request.";
	if (!is_target(x, htu)) /* 9 */
		return "The proof's htu is not the URL of this request without its query.";
	if (!is_of_now(proof->claims)) /* 11 */
		return "The proof's iat is more than a minute away from the time here, or it is "
		       "expired.";
	if (token.len && !is_hash_of(ath, token)) /* 12 */
		return "The proof's ath is not the SHA-256 of the access token.";
	if (!is_new(x->sandbox->proofs, x->holder, jti)) /* 11.1 */
		return "The proof was used before: its jti is known.";
	return NULL;
}

static const char *judge(struct exchange *x, struct pk_str token)
{
	struct jwt proof;
	const char *wrong;

	if (http_header_count(x->http, "DPoP") != 1) /* 1 */
		return "There is not one DPoP header, with one proof.";
	if (!jwt_read(x->arena, http_header(x->http, "DPoP"), &proof)) /* 2 */
		return "The DPoP header is no JSON Web Token.";
	wrong = judge_header(x, &proof);
	if (!wrong)
		wrong = judge_claims(x, &proof, token);
	if (!wrong &&
	    pk_arena_copy(x->arena, jwt_member(proof.claims, "nonce"), &x->proof_nonce) != PK_OK)
		wrong = "The proof's nonce is too long.";
	jwt_free(&proof);
	return wrong;
}

bool dpop_check(struct exchange *x, struct pk_str token)
{
	const char *wrong = judge(x, token);

	x->text = wrong;
	x->proven = !wrong;
	return x->proven;
}

/* Nothing is kept for a nonce: it is a hash of the time under a key. */
static void write_nonce(const struct proofs *proofs, int64_t slot, struct pk_buf *out)
{
	unsigned char digest[NONCE_SIZE];

	crypto_generichash(digest, sizeof(digest), (const unsigned char *)&slot, sizeof(slot),
			   proofs->key, sizeof(proofs->key));
	pk_base64url_encode(out, digest, sizeof(digest));
}

bool dpop_nonce_is_fresh(struct exchange *x)
{
	const int64_t slot = x->now / 1000 / NONCE_SECONDS;
	bool fresh = false;

	if (!x->sandbox->options.dpop_nonce)
		return true;
	for (int64_t i = 0; i < 2; i++) {
		char memory[PK_BASE64URL_LEN(NONCE_SIZE)];
		struct pk_buf out = pk_buf(memory, sizeof(memory));

		write_nonce(x->sandbox->proofs, slot - i, &out);
		if (i == 0)
			http_reply_header(x->http, "DPoP-Nonce", pk_buf_str(&out));
		fresh = fresh || pk_str_equal(x->proof_nonce, pk_buf_str(&out));
	}
	return fresh;
}

bool dpop_is_holder(const struct exchange *x, const unsigned char key[static 32])
{
	return x->proven && memcmp(x->holder, key, sizeof(x->holder)) == 0;
}

bool dpop_is_scheme(const struct exchange *x)
{
	const struct pk_str header = http_header(x->http, "Authorization");

	return header.len > 5 && strncasecmp(header.ptr, "DPoP ", 5) == 0;
}

void dpop_bind(const struct exchange *x, struct ticket *ticket)
{
	if (!x->proven || (ticket->kind == TICKET_REFRESH && !client_is_public(x->client)))
		return;
	ticket->bound = true;
	memcpy(ticket->holder, x->holder, sizeof(ticket->holder));
}

void dpop_bind_code(const struct exchange *x, struct grant *grant)
{
	const struct pk_str key = param(x, "dpop_jkt");
	size_t size;

	grant->bound = x->dialect->dpop && key.len &&
		       pk_base64url_decode(key, grant->key, sizeof(grant->key), &size);
}

void dpop_write_key(const unsigned char key[static 32], struct pk_buf *out)
{
	pk_base64url_encode(out, key, 32);
}
