"""Pure numerics: drift, fidelity, decay, utility and the gate. State in, state out."""
