/*
 * XAES-256-GCM as C2SP specifies it: the first half of the nonce and the key give the key of one
 * message (NIST SP 800-108r1, counter mode with CMAC), the second half is its GCM nonce. Trusts
 * OpenSSL for AES and GCM, which use the processor's own instructions.
 */
#include "vault/xaes.h"

#include <sodium.h>
#include <string.h>

#define HALF (XAES_NONCE / 2)
#define BLOCK 16

/* K1 = L * x in GF(2^128), without a branch on the secret bit that falls out. */
static void double_block(const uint8_t in[static BLOCK], uint8_t out[static BLOCK])
{
	const uint8_t carry = in[0] >> 7;

	for (size_t i = 0; i < BLOCK - 1; i++)
		out[i] = (uint8_t)(in[i] << 1 | in[i + 1] >> 7);
	out[BLOCK - 1] = (uint8_t)(in[BLOCK - 1] << 1 ^ (0x87 & -carry));
}

bool xaes_init(struct xaes *xaes, const uint8_t key[static XAES_KEY])
{
	const uint8_t zero[BLOCK] = {0};
	uint8_t l[BLOCK];
	int size;

	*xaes = (struct xaes){.block = EVP_CIPHER_CTX_new(), .gcm = EVP_CIPHER_CTX_new()};
	if (!xaes->block || !xaes->gcm ||
	    EVP_EncryptInit_ex2(xaes->block, EVP_aes_256_ecb(), key, NULL, NULL) != 1 ||
	    EVP_CIPHER_CTX_set_padding(xaes->block, 0) != 1 ||
	    EVP_EncryptUpdate(xaes->block, l, &size, zero, sizeof(zero)) != 1 ||
	    EVP_EncryptInit_ex2(xaes->gcm, EVP_aes_256_gcm(), NULL, NULL, NULL) != 1)
		return false;
	double_block(l, xaes->k1);
	sodium_memzero(l, sizeof(l));
	return true;
}

void xaes_wipe(struct xaes *xaes)
{
	EVP_CIPHER_CTX_free(xaes->block);
	EVP_CIPHER_CTX_free(xaes->gcm);
	sodium_memzero(xaes, sizeof(*xaes));
}

/* Both blocks of the message's key in one call: AES_K(M1 ^ K1) || AES_K(M2 ^ K1). */
static bool derive(struct xaes *xaes, const uint8_t nonce[static XAES_NONCE],
		   uint8_t ret[static XAES_KEY])
{
	uint8_t m[2 * BLOCK] = {0, 1, 'X', 0, [BLOCK] = 0, 2, 'X', 0};
	int size;

	memcpy(m + BLOCK - HALF, nonce, HALF);
	memcpy(m + 2 * BLOCK - HALF, nonce, HALF);
	for (size_t i = 0; i < sizeof(m); i++)
		m[i] ^= xaes->k1[i % BLOCK];

	const bool ok = EVP_EncryptUpdate(xaes->block, ret, &size, m, sizeof(m)) == 1;

	sodium_memzero(m, sizeof(m));
	return ok;
}

/* Sets up GCM for one message, up to where its text begins. */
static bool start(struct xaes *xaes, bool seal, const uint8_t nonce[static XAES_NONCE],
		  const struct pk_str *bound, size_t count)
{
	uint8_t key[XAES_KEY];
	bool ok = derive(xaes, nonce, key) &&
		  EVP_CipherInit_ex(xaes->gcm, NULL, NULL, key, nonce + HALF, seal) == 1;

	sodium_memzero(key, sizeof(key));
	for (size_t i = 0; ok && i < count; i++) {
		int size;

		ok = bound[i].len <= XAES_MAX &&
		     (!bound[i].len ||
		      EVP_CipherUpdate(xaes->gcm, NULL, &size, (const uint8_t *)bound[i].ptr,
				       (int)bound[i].len) == 1);
	}
	return ok;
}

static bool crypt_text(struct xaes *xaes, const char *in, size_t len, uint8_t *out)
{
	int size;

	return !len || EVP_CipherUpdate(xaes->gcm, out, &size, (const uint8_t *)in, (int)len) == 1;
}

bool xaes_seal(struct xaes *xaes, const uint8_t nonce[static XAES_NONCE],
	       const struct pk_str *bound, size_t count, struct pk_str plain, uint8_t *out)
{
	uint8_t *tag = out + plain.len;
	int size;

	return plain.len <= XAES_MAX && start(xaes, true, nonce, bound, count) &&
	       crypt_text(xaes, plain.ptr, plain.len, out) &&
	       EVP_CipherFinal_ex(xaes->gcm, tag, &size) == 1 &&
	       EVP_CIPHER_CTX_ctrl(xaes->gcm, EVP_CTRL_AEAD_GET_TAG, XAES_TAG, tag) == 1;
}

bool xaes_open(struct xaes *xaes, const uint8_t nonce[static XAES_NONCE],
	       const struct pk_str *bound, size_t count, struct pk_str sealed, uint8_t *out)
{
	if (sealed.len < XAES_TAG || sealed.len > XAES_MAX + XAES_TAG)
		return false;

	const size_t len = sealed.len - XAES_TAG;
	uint8_t tag[XAES_TAG];
	int size;

	memcpy(tag, sealed.ptr + len, XAES_TAG);
	return start(xaes, false, nonce, bound, count) && crypt_text(xaes, sealed.ptr, len, out) &&
	       EVP_CIPHER_CTX_ctrl(xaes->gcm, EVP_CTRL_AEAD_SET_TAG, XAES_TAG, tag) == 1 &&
	       EVP_CipherFinal_ex(xaes->gcm, out + len, &size) == 1;
}
