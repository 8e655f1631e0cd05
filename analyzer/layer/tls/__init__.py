"""TLS as it looks from outside: records, hellos, alerts, and what can be told about the encrypted rest."""
