/* What the broker says when it gives nothing: a status, and a document that a program and a
 * person can read. */
#ifndef GATEWAY_BROKER_REFUSAL_H
#define GATEWAY_BROKER_REFUSAL_H

#include "gateway/calls.h"
#include "io/http.h"

/* What is wrong with the request, known without asking the keeper. */
enum broker_refusal {
	REFUSAL_HOST,      /* the Host header is none of this machine's */
	REFUSAL_KEY,       /* no key, or none that anybody has */
	REFUSAL_FAILURES,  /* the same, too often */
	REFUSAL_PATH,      /* nothing is at this address */
	REFUSAL_METHOD,    /* something is, and takes other methods */
	REFUSAL_PARAMETER, /* one cannot be read */
	REFUSAL_LOGIN,     /* the key may not use this login's grants */
	REFUSAL_SUBJECT,   /* no subject is so long, so there is no such grant */
	REFUSAL_KEEPER,    /* the keeper does not answer */
	REFUSALS
};

void broker_refuse(struct http_request *http, enum broker_refusal refusal);

/* What the keeper answered badly. The texts live as long as its answer. */
struct broker_failure {
	enum outcome outcome;
	struct pk_str fault;
	struct pk_str detail;
	int64_t seconds; /* after which it may go better; 0: not known */
};

/* Reads the rest of a bad answer; one that makes no sense is as good as none. */
struct broker_failure broker_failure(struct message_reader *answer);

void broker_refuse_as(struct http_request *http, const struct broker_failure *failure);

#endif
