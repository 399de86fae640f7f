"""Masks that an agent learns: which filters of which layer go next, while the network re-learns.

Source: Yata (Chiba University, KAKENHI 17K00334): a controller sees accuracy, reduction and the
binary masks and chooses what to prune next. Its controller is R2D2 (Kapturowski et al., 2019): a
distributed recurrent Q-network with prioritised replay of stored sequences and burn-in, on a mask
of every parameter. Here it is PPO with an LSTM policy (`sb3_contrib.RecurrentPPO`): one actor,
on-policy gradients, no replay, and a mask of every filter, so that what is zeroed can be removed
for good. The agent decides how much of each layer goes; which of its filters, the smallest weights
decide.
"""
