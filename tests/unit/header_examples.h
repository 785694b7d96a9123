/* What the examples in proofkey.h leave to their caller: the login, the browser, the way out. */
#ifndef TESTS_HEADER_EXAMPLES_H
#define TESTS_HEADER_EXAMPLES_H

#include "proofkey.h"

extern struct pk_login *login;
extern struct pk_arena arena;
extern struct pk_str state, nonce, expected_state, query;
extern struct pk_secret secret;
extern struct pk_http_reply reply;
extern struct pk_why why;
extern int64_t now;

void fill_with_random_bytes(uint8_t *bytes, size_t size);
void redirect_browser(struct pk_str url);
struct pk_http_reply send_with_your_http_client(const struct pk_http_request *request);
bool show_failure(const struct pk_why *failure);

/* The examples, one after the other. */
bool log_in(void);

#endif
