"""How the daily feature tables scale on this machine: beside a bare read of their columns, and beside plain pandas."""
