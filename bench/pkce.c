/*
 * What a pair of verifier and challenge (RFC 7636) costs, beside what it cannot cost less than: 32
 * bytes of entropy, one block of SHA-256 and the encoding of 32 bytes twice, asked of libsodium
 * without anything between. The rows take turns, so that whatever else the machine does falls on
 * all of them; processor time is what counts. Prints a line "NAME NANOSECONDS" for each turn.
 */
#include "proofkey.h"

#include <openssl/evp.h>
#include <sodium.h>
#include <stdio.h>
#include <time.h>

#define TURNS 31
#define PAIRS 20000 /* in each turn */

/* A pair as a caller gets it: text without a NUL and its length are enough for all. */
struct pair {
	char verifier[PK_VERIFIER_MAX];
	char challenge[PK_CHALLENGE_MAX];
};

static void encode_base64url(char *out, size_t cap, const uint8_t *bytes)
{
	sodium_bin2base64(out, cap, bytes, PK_ENTROPY_MIN,
			  sodium_base64_VARIANT_URLSAFE_NO_PADDING);
}

static void floor_base64url(struct pair *ret)
{
	uint8_t entropy[PK_ENTROPY_MIN], digest[crypto_hash_sha256_BYTES];

	randombytes_buf(entropy, sizeof(entropy));
	encode_base64url(ret->verifier, PK_VERIFIER_MIN + 1, entropy);
	crypto_hash_sha256(digest, (const uint8_t *)ret->verifier, PK_VERIFIER_MIN);
	encode_base64url(ret->challenge, PK_VERIFIER_MIN + 1, digest);
}

static void floor_hex(struct pair *ret)
{
	uint8_t entropy[PK_ENTROPY_MIN], digest[crypto_hash_sha256_BYTES];

	randombytes_buf(entropy, sizeof(entropy));
	encode_base64url(ret->verifier, PK_VERIFIER_MIN + 1, entropy);
	crypto_hash_sha256(digest, (const uint8_t *)ret->verifier, PK_VERIFIER_MIN);
	sodium_bin2hex(ret->challenge, sizeof(digest) * 2 + 1, digest, sizeof(digest));
}

/* For information: what the floor would be with a SHA-256 that uses the processor's own
 * instructions, where it has them. */
static void floor_openssl(struct pair *ret)
{
	uint8_t entropy[PK_ENTROPY_MIN], digest[crypto_hash_sha256_BYTES];

	randombytes_buf(entropy, sizeof(entropy));
	encode_base64url(ret->verifier, PK_VERIFIER_MIN + 1, entropy);
	if (EVP_Digest(ret->verifier, PK_VERIFIER_MIN, digest, NULL, EVP_sha256(), NULL) != 1)
		sodium_misuse();
	encode_base64url(ret->challenge, PK_VERIFIER_MIN + 1, digest);
}

static void ours(enum pk_challenge_encoding encoding)
{
	uint8_t entropy[PK_ENTROPY_MIN];
	struct pk_verifier verifier;
	struct pk_challenge challenge;

	randombytes_buf(entropy, sizeof(entropy));
	if (pk_verifier_make(entropy, sizeof(entropy), &verifier) != PK_OK)
		sodium_misuse();
	pk_challenge_make(&verifier, encoding, &challenge);
}

static void ours_base64url(struct pair *ret)
{
	(void)ret;
	ours(PK_CHALLENGE_BASE64URL);
}

static void ours_hex(struct pair *ret)
{
	(void)ret;
	ours(PK_CHALLENGE_HEX);
}

/* clang-format off */
static const struct {
	const char *name;
	void (*make)(struct pair *ret);
} rows[] = {
	{"floor-base64url", floor_base64url},
	{"pair-base64url",  ours_base64url},
	{"floor-hex",       floor_hex},
	{"pair-hex",        ours_hex},
	{"floor-openssl",   floor_openssl},
};
/* clang-format on */

static double cpu_nanoseconds(void)
{
	struct timespec now;

	clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &now);
	return (double)now.tv_sec * 1e9 + (double)now.tv_nsec;
}

int main(void)
{
	struct pair pair;

	if (sodium_init() < 0)
		return 1;
	for (int turn = 0; turn < TURNS; turn++) {
		for (size_t row = 0; row < sizeof(rows) / sizeof(rows[0]); row++) {
			const double begin = cpu_nanoseconds();

			for (int i = 0; i < PAIRS; i++)
				rows[row].make(&pair);
			printf("%s %.1f\n", rows[row].name, (cpu_nanoseconds() - begin) / PAIRS);
		}
	}
	return 0;
}
