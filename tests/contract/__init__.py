"""What every registered system owes. A new system has an entry in playbooks/vars/systems.yml, and a file in systems/
that builds one of its kind in the lab; every test here covers it then."""
