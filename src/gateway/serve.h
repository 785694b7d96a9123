/* The gateway: `proofkey serve`. */
#ifndef GATEWAY_SERVE_H
#define GATEWAY_SERVE_H

int serve_main(int argc, char **argv);

#endif
