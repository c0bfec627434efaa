#!/bin/sh
# Makes the certificates that the tests use. For tests alone: their keys are public. Needs openssl 3.
#
#   cd gateway/test/certificates && ./make.sh
set -eu
rm -f ./*.pem
begin=20200101000000Z
end=21200101000000Z
curve='-newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes'

cat >ca.cnf <<'CONFIGURATION'
[ca]
default_ca = here
[here]
database = index.txt
new_certs_dir = .
serial = serial
rand_serial = yes
default_md = sha256
policy = any
unique_subject = no
[any]
commonName = supplied
[authority]
basicConstraints = critical,CA:true
keyUsage = critical,keyCertSign,cRLSign
[server]
subjectAltName = DNS:localhost,DNS:plant.example,IP:127.0.0.1
[device]
extendedKeyUsage = clientAuth
CONFIGURATION
: >index.txt

# signed NAME COMMON-NAME AUTHORITY KIND END
signed() {
  openssl req $curve -subj "/CN=$2" -keyout "$1.key.pem" -out request.csr 2>/dev/null
  if [ "$3" = self ]; then by="-selfsign -keyfile $1.key.pem"; else by="-cert $3.pem -keyfile $3.key.pem"; fi
  openssl ca -batch -notext -config ca.cnf $by -in request.csr -out "$1.pem" -extensions "$4" \
    -startdate $begin -enddate "$5" 2>/dev/null
}
list() {
  openssl ca -config ca.cnf -cert ca.pem -keyfile ca.key.pem -gencrl -out "$1.pem" \
    -crl_lastupdate $begin -crl_nextupdate $end 2>/dev/null
}

signed ca 'Test only' self authority $end
signed foreign-ca 'Test only, another' self authority $end
signed server-1 localhost ca server $end
signed server-2 localhost ca server $end
signed expired localhost ca server 20210101000000Z
signed device-d1 d1 ca device $end
signed device-d2 d2 ca device $end
signed foreign-d1 d1 foreign-ca device $end
list crl-empty
openssl ca -config ca.cnf -cert ca.pem -keyfile ca.key.pem -revoke device-d2.pem 2>/dev/null
list crl-without-d2
rm -f request.csr index.txt* ca.cnf [0-9A-F]*.pem ca.key.pem foreign-ca.key.pem foreign-d1.key.pem.old
