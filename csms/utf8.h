/* UTF-8: room for text whose length is counted in characters. */
#ifndef CSMS_UTF8_H
#define CSMS_UTF8_H

/* Room for `points` characters of any script: lengths in OCPP count code points. */
#define UTF8_SIZE(points) ((points)*4 + 1)

#endif
