/* The provider's public keys (RFC 7517 5): those that it signs with now. */
#include "sandbox/answers.h"
#include "sandbox/reply.h"
#include "sandbox/signing.h"

void answer_jwks(struct exchange *x)
{
	json_t *document = json_object();

	(void)json_object_set_new(document, "keys", signing_keys(x->sandbox->signing, x->provider));
	reply_document(x, 200, PK_BODY_JSON, document);
}
